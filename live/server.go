package live

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/trainer"
)

//go:embed page.html
var page []byte

// ErrAddress is wrapped by errors about addresses that cannot be listened on.
var ErrAddress = errors.New("the live page has no address")

// Server serves the page of one run.
type Server struct {
	state    state
	listener net.Listener
	http     *http.Server
	hosts    []string // allowed in a request's Host header; nil: any

	mu    sync.Mutex
	batch []byte // PNG of an epoch's images
	epoch int    // of batch
	draw  func(epoch int) (image.Image, error)
}

// Options describe the run.
type Options struct {
	Name   string
	Config string // shown unchanged: must contain no secrets
	// Batch draws training images of an epoch after augmentation. It is called at most once
	// an epoch, when a browser requests the picture; nil: none is shown.
	Batch func(epoch int) (image.Image, error)
}

// Listen starts to serve at an address such as 127.0.0.1:6060 or :0. Without a host it
// listens on the loopback interface; other interfaces must be named.
func Listen(address string, o Options) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("live: %w: %q: want host:port, such as 127.0.0.1:6060", ErrAddress, address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, fmt.Errorf("live: %w: port %q: want 0 to 65535", ErrAddress, port)
	} else {
		port = strconv.FormatUint(n, 10)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("live: %w: %w", ErrAddress, err)
	}
	s := &Server{listener: l, draw: o.Batch, state: state{name: o.Name, config: o.Config, status: "starting"}}
	if s.Loopback() { // prevents DNS rebinding: other sites must not read this page by a name that resolves here
		s.hosts = []string{"localhost", "127.0.0.1", "::1", host}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /state.json", s.serveState)
	mux.HandleFunc("GET /batch.png", s.serveBatch)
	s.http = &http.Server{
		Handler: s.guard(mux), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 1 << 14,
	}
	go s.http.Serve(l)
	return s, nil
}

// URL is the page's address.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() + "/" }

// Loopback reports whether only this machine can reach the page.
func (s *Server) Loopback() bool {
	a, err := netip.ParseAddrPort(s.listener.Addr().String())
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// Hook records the run's values for the page.
func (s *Server) Hook() trainer.Hook { return s.state.hook() }

// Close ends the page. Requests in progress have a second to complete.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close()
	}
	return nil
}

// guard refuses requests for other host names and sets the security headers.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if s.hosts != nil && !known(s.hosts, strings.Trim(host, "[]")) {
			http.Error(w, "this page is not served under that name", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self'; connect-src 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func known(hosts []string, host string) bool {
	for _, h := range hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page)
}

// serveState serves the state; training points begin at the index "from" of the query.
func (s *Server) serveState(w http.ResponseWriter, r *http.Request) {
	from, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil || from < 0 {
		from = 0
	}
	data, err := json.Marshal(s.state.view(from))
	if err != nil { // an empty answer would look like a program that has ended
		http.Error(w, "the state cannot be encoded: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(data, '\n'))
}

// serveBatch serves the picture of the current epoch's images.
func (s *Server) serveBatch(w http.ResponseWriter, _ *http.Request) {
	batch := s.currentBatch()
	if len(batch) == 0 {
		http.Error(w, "there is no picture", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Write(batch)
}

// currentBatch returns the picture of the current epoch, drawn once; nil: there is none.
func (s *Server) currentBatch() []byte {
	epoch := s.state.currentEpoch()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == epoch || s.draw == nil {
		return s.batch
	}
	s.batch, s.epoch = nil, epoch
	defer func() { recover() }() // without a picture
	img, err := s.draw(epoch)
	if err != nil || img == nil {
		return nil
	}
	var b bytes.Buffer
	if png.Encode(&b, img) == nil {
		s.batch = b.Bytes()
	}
	return s.batch
}
