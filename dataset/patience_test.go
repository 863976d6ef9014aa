package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const soon = 300 * time.Millisecond

// hasty shortens the patience of downloads for a test.
func hasty(t *testing.T, answer, stall time.Duration) {
	usual := usualPatience
	t.Cleanup(func() { usualPatience = usual })
	usualPatience = patience{answer: answer, stall: stall, floor: 64, sizes: soon, pause: time.Millisecond}
}

// A server that keeps silent, or nearly so, ends in an error that names the address
// and what was awaited.
func TestDownloadFromSilentServers(t *testing.T) {
	hasty(t, soon, soon)
	clients := []*http.Client{nil, {Transport: &http.Transport{}}}
	for i, c := range []struct {
		what    string
		handler func(w http.ResponseWriter, r *http.Request)
		words   []string
	}{
		{"before the answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			[]string{"images.tar.gz.md5", "waited 300ms for an answer", "4 tries"}},
		{"sizes and checksums are answered", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead || strings.HasSuffix(r.URL.Path, ".md5") {
				http.NotFound(w, r)
				return
			}
			<-r.Context().Done()
		}, []string{"GET http://", "/images.tar.gz: waited 300ms for an answer", "4 tries"}},
		{"sizes are not answered", func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				<-r.Context().Done()
			}
			http.NotFound(w, r)
		}, []string{"images.tar.gz answered 404"}},
		{"in the middle", func(w http.ResponseWriter, r *http.Request) {
			if begin(w, r) {
				<-r.Context().Done()
			}
		}, []string{"after 10 bytes: waited 300ms for more of it", "from http://", "/images.tar.gz", "4 tries"}},
		{"a byte now and then", func(w http.ResponseWriter, r *http.Request) {
			for begun := begin(w, r); begun && r.Context().Err() == nil; time.Sleep(20 * time.Millisecond) {
				w.Write([]byte{1})
				w.(http.Flusher).Flush()
			}
		}, []string{"waited 300ms for more of it", "4 tries"}},
		{"it sends itself round and round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
			[]string{"images.tar.gz.md5", "stopped after 10 redirects"}},
		{"redirected to a silent place", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/silent" {
				<-r.Context().Done()
				return
			}
			http.Redirect(w, r, "/silent", http.StatusFound)
		}, []string{"waited 300ms for an answer"}},
		{"less than it promised", func(w http.ResponseWriter, r *http.Request) { begin(w, r) }, []string{"images.tar.gz", "4 tries"}},
		{"unavailable", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, ".md5") {
				http.NotFound(w, r)
				return
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		}, []string{"images.tar.gz answered 503", "4 tries"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(c.handler))
			defer s.Close()
			p := OxfordIIITPet{Root: filepath.Join(t.TempDir(), "pets"), URL: s.URL, Client: clients[i%2]}
			ctx, cancel := context.WithTimeout(background, time.Minute)
			defer cancel()
			wantError(t, c.what, p.Download(ctx), ErrDownload, c.words...)
		})
	}
}

// begin answers a question with ten bytes of a million; one about sizes or
// checksums it refuses.
func begin(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodHead || strings.HasSuffix(r.URL.Path, ".md5") {
		http.NotFound(w, r)
		return false
	}
	w.Header().Set("Content-Length", "1000000")
	io.WriteString(w, "half of it")
	w.(http.Flusher).Flush()
	return true
}

// A port that takes connections and says nothing, not even in TLS.
func TestDownloadFromASilentPort(t *testing.T) {
	hasty(t, soon, soon)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	for scheme, awaits := range map[string]string{"http": "an answer", "https": "the TLS handshake with " + l.Addr().String()} {
		p := OxfordIIITPet{Root: filepath.Join(t.TempDir(), "pets"), URL: scheme + "://user:secret@" + l.Addr().String()}
		err := p.Download(background)
		wantError(t, scheme, err, ErrDownload, "waited 300ms for "+awaits)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password is in %q", scheme, err)
		}
	}
}

// A download goes through servers that stall, as long as each try brings something.
func TestDownloadFromAStallingServer(t *testing.T) {
	hasty(t, time.Minute, soon)
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	size := len(m.files["images.tar.gz"])
	stalls := 0
	m.answer = func(w http.ResponseWriter, _ string) bool {
		request := m.requests[len(m.requests)-1]
		if !strings.HasPrefix(request, "GET images.tar.gz") || strings.Contains(request, "md5") || stalls == 5 {
			return false
		}
		stalls++
		have := 0
		fmt.Sscanf(request, "GET images.tar.gz bytes=%d-", &have)
		w.Header().Set("Content-Length", fmt.Sprint(size-have))
		if have > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", have, size-1, size))
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(m.files["images.tar.gz"][have : have+100])
		w.(http.Flusher).Flush()
		m.Unlock()
		defer m.Lock()
		time.Sleep(600 * time.Millisecond)
		panic(http.ErrAbortHandler)
	}
	if err := (OxfordIIITPet{Root: root, URL: m.start(t)}).Download(background); err != nil {
		t.Fatal(err)
	}
	downloaded(t, root)
	if stalls != 5 {
		t.Errorf("%d stalls", stalls)
	}
}

// Answers to a request for the rest.
func TestDownloadOfTheRest(t *testing.T) {
	hasty(t, time.Minute, time.Minute)
	for _, c := range []struct {
		what   string
		part   func(file []byte) []byte
		answer func(w http.ResponseWriter, file []byte)
	}{
		{"from the start", func(f []byte) []byte { return f[:70] }, func(w http.ResponseWriter, f []byte) { w.Write(f) }},
		{"another range", func(f []byte) []byte { return f[:70] }, func(w http.ResponseWriter, f []byte) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 60-%d/%d", len(f)-1, len(f)))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(f[60:])
		}},
		{"it is all there", func(f []byte) []byte { return f }, func(w http.ResponseWriter, f []byte) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(f)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}},
		{"there is less", func(f []byte) []byte { return append(f[:len(f):len(f)], 1, 2) }, func(w http.ResponseWriter, f []byte) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(f)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}},
		{"no range at all", func(f []byte) []byte { return append(f[:len(f):len(f)], 1, 2) }, func(w http.ResponseWriter, f []byte) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		}},
		{"the part is of another file", func(f []byte) []byte { return make([]byte, 70) }, func(w http.ResponseWriter, f []byte) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 70-%d/%d", len(f)-1, len(f)))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(f[70:])
		}},
		{"more than it promised", func(f []byte) []byte { return f[:70] }, func(w http.ResponseWriter, f []byte) {
			hijacked, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			fmt.Fprintf(hijacked, "HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\nContent-Range: bytes 70-%d/%d\r\n\r\n%smore", len(f)-70, len(f)-1, len(f), f[70:])
			hijacked.Close()
		}},
	} {
		m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
		file := m.files["images.tar.gz"]
		writeFile(t, filepath.Join(root+workSuffix, "images.tar.gz"+partSuffix), c.part(file))
		m.answer = func(w http.ResponseWriter, _ string) bool {
			if rest := strings.HasPrefix(m.requests[len(m.requests)-1], "GET images.tar.gz bytes="); !rest {
				return false
			}
			c.answer(w, file)
			return true
		}
		if err := (OxfordIIITPet{Root: root, URL: m.start(t)}).Download(background); err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		downloaded(t, root)
	}
}

// The limits count the server's time alone: a slow disk or a slow report is no stall.
func TestWatchCountsTheServerAlone(t *testing.T) {
	p := patience{answer: time.Minute, stall: 100 * time.Millisecond, floor: 1 << 20}
	w := p.watched(background, "host")
	defer w.stop()
	body := w.body(strings.NewReader(strings.Repeat("x", 100)))
	for range 5 {
		if _, err := body.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(60 * time.Millisecond)
	}
	if w.ctx.Err() != nil {
		t.Errorf("ended: %v", context.Cause(w.ctx))
	}
}

// The user's own end of the context is the error, whatever was awaited.
func TestDownloadCancelledWhileItWaits(t *testing.T) {
	tired := errors.New("tired")
	for _, silent := range []string{".md5", "images.tar.gz"} {
		ctx, cancel := context.WithCancelCause(background)
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, silent) {
				cancel(tired)
				<-r.Context().Done()
			}
			http.NotFound(w, r)
		}))
		err := OxfordIIITPet{Root: filepath.Join(t.TempDir(), "pets"), URL: s.URL}.Download(ctx)
		if !errors.Is(err, tired) {
			t.Errorf("%s: %v", silent, err)
		}
		s.Close()
	}
}
