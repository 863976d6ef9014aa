package httpsend

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
)

func serve(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New("service", s.URL+"/base/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestSend(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/base/a b/c" || r.URL.Query().Get("q") != "1&2" || r.Header.Get("X-Own") != "x" || r.Header.Get("Authorization") != "Bearer t" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		if r.ContentLength != int64(len(body)) {
			t.Errorf("%d bytes, %d announced", len(body), r.ContentLength)
		}
		w.Write(append([]byte("got "), body...))
	})
	c.Authorize = func(r *http.Request) { r.Header.Set("Authorization", "Bearer t") }
	q := Request{Method: "POST", Path: "/a%20b/c", Query: url.Values{"q": {"1&2"}}, Header: http.Header{"X-Own": {"x"}}}
	for _, body := range []string{"", "hello"} {
		q.Body = []byte(body)
		if a, err := c.Send(context.Background(), q); err != nil || string(a.Body) != "got "+body {
			t.Errorf("%q: %+v, %v", body, a, err)
		}
		opened := q
		opened.Body = nil
		opened.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
		opened.Length = int64(len(body))
		if a, err := c.Send(context.Background(), opened); err != nil || string(a.Body) != "got "+body {
			t.Errorf("from a file, %q: %+v, %v", body, a, err)
		}
	}
	q.Open = func() (io.ReadCloser, error) { return nil, io.ErrUnexpectedEOF }
	if _, err := c.Send(context.Background(), q); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a body that cannot be opened: %v", err)
	}
}

func TestStatuses(t *testing.T) {
	for status, want := range map[int]string{
		400: "", 401: "stop", 402: "stop", 403: "stop", 408: "retry", 413: "", 422: "stop", 425: "retry", 429: "retry", 500: "retry", 502: "retry", 599: "retry",
		300: "", 301: "", 302: "", 303: "", 304: "", 307: "", 308: "",
		404: "", 405: "", 407: "", 409: "", 410: "", 414: "", 431: "", 451: "",
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(status)
			if status != 304 {
				io.WriteString(w, `{"message":"why   it\n failed"}`)
			}
		})
		_, err := c.Send(context.Background(), Request{Method: "GET", Path: "/"})
		var retry *track.Retry
		var of *StatusError
		if errors.As(err, &retry) != (want == "retry") || errors.Is(err, track.ErrStop) != (want == "stop") || !errors.As(err, &of) || of.Status != status {
			t.Errorf("%d: %v", status, err)
		}
		if ofRequest := status == 400 || status == 413 || status == 414; of != nil && of.OfRequest() != ofRequest {
			t.Errorf("%d is about the request: %v", status, !ofRequest)
		}
		if status != 304 && !strings.Contains(err.Error(), "why it failed") || retry != nil && retry.After != 3*time.Second {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, " 0.5 ": 500 * time.Millisecond, "-1": 0, "soon": 0, "NaN": 0, "1e300": maxRetryAfter,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second, now.Add(-time.Hour).Format(http.TimeFormat): 0,
		now.AddDate(1, 0, 0).Format(http.TimeFormat): maxRetryAfter,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// TestSecrets has a server that repeats the password, goes elsewhere, and is not there.
func TestSecrets(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "geheim" {
			t.Errorf("signed in as %s", user)
		}
		if r.URL.Path == "/base/away" {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
			return
		}
		http.Error(w, "you sent geheim", http.StatusBadRequest)
	})
	base := strings.Replace(c.Base.String(), "http://", "http://me:geheim@", 1)
	c, err := New("service", base)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(context.Background(), Request{Method: "GET", Path: "/"}); err == nil || strings.Contains(err.Error(), "geheim") || !strings.Contains(err.Error(), "***") {
		t.Errorf("repeated: %v", err)
	}
	if _, err := c.Send(context.Background(), Request{Method: "POST", Path: "/away", Body: []byte("x")}); err == nil || elsewhere > 0 {
		t.Errorf("sent to another host %d times, %v", elsewhere, err)
	}
	gone, err := New("service", "http://me:geheim@127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	var retry *track.Retry
	if _, err := gone.Send(context.Background(), Request{Method: "GET", Path: "/x?key=geheim"}); !errors.As(err, &retry) || strings.Contains(gone.clean(err.Error()), "geheim") {
		t.Errorf("nobody there: %v", err)
	}
	for _, address := range []string{"", "host", "ftp://me:geheim@x", "http://", "http://me:geheim@ho st", "://geheim"} {
		if _, err := New("service", address); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestLimits(t *testing.T) {
	block := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/base/long":
			w.Write(bytes.Repeat([]byte("x"), maxAnswer+1))
		case "/base/hang":
			<-block
		default:
			io.WriteString(w, "<html><body><p>not <b>JSON</b></body>")
		}
	})
	defer close(block)
	if _, err := c.Send(context.Background(), Request{Method: "GET", Path: "/long"}); err == nil || !strings.Contains(err.Error(), "longer than 16 MiB") {
		t.Errorf("a long answer: %v", err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
	if _, err := c.Send(ctx, Request{Method: "GET", Path: "/hang"}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	var out struct{}
	if err := c.JSON(context.Background(), "GET", "/page", nil, nil, &out); err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("a page: %v", err)
	}
	if err := c.JSON(context.Background(), "POST", "/page", nil, func() {}, &out); err == nil {
		t.Error("a function as JSON")
	}
}

// TestStall has a transfer that stands still.
func TestStall(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	w := newWatch(time.Millisecond, cancel)
	defer w.stop()
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), errStalled) {
		t.Error(context.Cause(ctx))
	}
	c := &Client{Name: "service", Base: &url.URL{Host: "host"}}
	var retry *track.Retry
	if err := c.failed(ctx, Request{Method: "PUT", Path: "/x"}, io.ErrUnexpectedEOF); !errors.As(err, &retry) || !strings.Contains(err.Error(), "nothing was transferred") {
		t.Error(err)
	}
}

// TestRepeat has a server that fails at every other request, or that asks to wait: a
// request is repeated once, soon, and only where that is asked for.
func TestRepeat(t *testing.T) {
	n, after, status := 0, "", http.StatusServiceUnavailable
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) != "x" {
			t.Errorf("request %d: %q", n, body)
		}
		if n++; n%2 == 1 {
			w.Header().Set("Retry-After", after)
			w.WriteHeader(status)
		}
	})
	q := Request{Method: "POST", Path: "/", Body: []byte("x")}
	var retry *track.Retry
	if _, err := c.Send(context.Background(), q); !errors.As(err, &retry) || n != 1 {
		t.Errorf("unasked: %d requests, %v", n, err)
	}
	n = 0
	c.Repeat(Always)
	if _, err := c.Send(context.Background(), q); err != nil || n != 2 {
		t.Errorf("%d requests, %v", n, err)
	}
	n, after = 0, "60"
	if _, err := c.Send(context.Background(), q); !errors.As(err, &retry) || retry.After != time.Minute || n != 1 {
		t.Errorf("it asks to wait: %d requests, %v", n, err)
	}
	after = ""
	for _, x := range []struct {
		status, requests int
		by               Repetition
	}{{503, 2, Untaken}, {429, 2, Untaken}, {502, 1, Untaken}, {500, 1, Untaken}, {500, 2, Always}, {400, 1, Always}, {401, 1, Always}} {
		n, status = 0, x.status
		c.Repeat(x.by)
		if c.Send(context.Background(), q); n != x.requests {
			t.Errorf("%+v: %d requests", x, n)
		}
	}
}
