package httpsend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
)

// slowServer answers each connection in a way of its own, until the test ends.
func slowServer(t *testing.T, answer func(c net.Conn, over <-chan struct{})) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { close(over); l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn, over)
			}()
		}
	}()
	c, err := New("service", "http://"+l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport.(*http.Transport).ExpectContinueTimeout = time.Millisecond
	return c
}

// readAll reads what comes, so that the client is never held up by it.
func readAll(c net.Conn) {
	c.Read(make([]byte, 16)) // an answer comes after its request
	go io.Copy(io.Discard, c)
}

// drip writes a text byte by byte, for ever.
func drip(c net.Conn, text string, over <-chan struct{}) {
	for i := 0; ; i++ {
		if _, err := c.Write([]byte{text[i%len(text)]}); err != nil {
			return
		}
		select {
		case <-over:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestSlow has servers that stand still or trickle at each point of a request: each ends
// in an error that may pass and gives its cause.
func TestSlow(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
	large := bytes.Repeat([]byte("x"), 64<<20) // more than all buffers on the way
	get := Request{Method: "GET", Path: "/"}
	put := Request{Method: "PUT", Path: "/", Body: large}
	file := Request{Method: "PUT", Path: "/", Length: int64(len(large)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(large)), nil }}
	small := Request{Method: "POST", Path: "/", Body: []byte("{}")}
	silent := func(c net.Conn, over <-chan struct{}) { <-over }
	// Only the limit that a case is about is short: a busy machine may be slow elsewhere.
	long := limits{connect: 0, response: time.Minute, stall: time.Minute, least: 1, answer: time.Minute}
	response, stall, trickle, answer := long, long, long, long
	response.response = 300 * time.Millisecond
	stall.stall = time.Second
	trickle.stall, trickle.least = time.Second, 64<<10
	answer.answer = time.Second
	for name, c := range map[string]struct {
		limits limits
		answer func(c net.Conn, over <-chan struct{})
		of     []Request
		words  string
	}{
		"never answers": {response, func(c net.Conn, over <-chan struct{}) { readAll(c); <-over }, []Request{get, small, put, file}, "no answer came within"},
		"never reads":   {stall, silent, []Request{put, file}, "transferred"},
		"a head that trickles": {response, func(c net.Conn, over <-chan struct{}) {
			readAll(c)
			drip(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1000), over)
		}, []Request{get, small}, "no answer came within"},
		"a body that stands still": {stall, func(c net.Conn, over <-chan struct{}) { readAll(c); io.WriteString(c, head+"{"); <-over }, []Request{get, small, file}, "nothing was transferred"},
		"a body that trickles":     {answer, func(c net.Conn, over <-chan struct{}) { readAll(c); io.WriteString(c, head); drip(c, " ", over) }, []Request{get, small}, "not complete after"},
		"reads in drops": {trickle, func(c net.Conn, over <-chan struct{}) {
			for one := make([]byte, 64); ; {
				if _, err := c.Read(one); err != nil {
					return
				}
				select {
				case <-over:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}, []Request{put, file}, "transferred"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := slowServer(t, c.answer)
			client.limits = c.limits
			for _, q := range c.of {
				ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
				_, err := client.Send(ctx, q)
				cancel()
				var retry *track.Retry
				if !errors.As(err, &retry) || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), client.Base.Host) {
					t.Errorf("%s of %d bytes: %v", q.Method, q.Length+int64(len(q.Body)), err)
				}
			}
		})
	}
}

// TestLargeInTime sends and receives as much in pieces as would take too long at once.
func TestLargeInTime(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.CopyN(io.Discard, r.Body, 1<<20); err != nil {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		w.Write(bytes.Repeat([]byte("y"), 1<<20))
	})
	c.limits = limits{connect: time.Minute, response: time.Minute, stall: 20 * time.Second, least: 1, answer: time.Minute}
	body := bytes.Repeat([]byte("x"), 20<<20)
	a, err := c.Send(context.Background(), Request{Method: "PUT", Path: "/", Length: int64(len(body)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }})
	if err != nil || len(a.Body) != 1<<20 {
		t.Errorf("%v", err)
	}
}

// TestRefusedEarly has a server that refuses a large body before it comes and closes the
// connection, one that does not know how it is asked, and one that sends it elsewhere on
// the same host.
func TestRefusedEarly(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 8<<20)
	requests := []Request{
		{Method: "PUT", Path: "/", Body: body},
		{Method: "PUT", Path: "/", Length: int64(len(body)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }},
	}
	tooLarge := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") != "100-continue" { // else the body comes unasked
			t.Errorf("%d bytes without a question", r.ContentLength)
		}
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	tooLarge.http.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute // on a busy machine too, the answer comes first
	old := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Expect") != "" {
			w.WriteHeader(http.StatusExpectationFailed)
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		io.WriteString(w, http.StatusText(int(n>>20)*25)) // of 8 MiB: OK
	})
	moved := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/there") {
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		io.WriteString(w, http.StatusText(int(n>>20)*25))
	})
	for _, q := range requests {
		var status *StatusError
		if _, err := tooLarge.Send(context.Background(), q); !errors.As(err, &status) || status.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("too large: %v", err)
		}
		for name, c := range map[string]*Client{"old": old, "moved": moved} {
			if a, err := c.Send(context.Background(), q); err != nil || string(a.Body) != "OK" {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
		}
	}
}
