package neptune_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/track/neptune/neptunetest"
)

// outbox opens an outbox that sends to a server as soon as it can.
func outbox(t *testing.T, s *neptunetest.Server, dir string) *track.Outbox {
	t.Helper()
	b, err := track.OpenOutbox(online(t, s), track.OutboxOptions{
		Dir: dir, Service: "neptune", Name: "x", Interval: time.Hour, MinRetry: time.Millisecond, MaxRetry: time.Millisecond, Patience: 20 * time.Second, Tries: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// steps are the steps of a series at the server.
func steps(s *neptunetest.Server, name string) (list []int) {
	for _, run := range s.Runs() {
		for _, p := range run.Series[name] {
			list = append(list, int(p.Step))
		}
	}
	return list
}

func upTo(n int) (list []int) {
	for i := 1; i <= n; i++ {
		list = append(list, i)
	}
	return list
}

// deliveries answers the requests for values instead of the server, but that of Open and
// those that pass.
func deliveries(s *neptunetest.Server, answer func(n int, w http.ResponseWriter, r *http.Request) bool) {
	var n atomic.Int64
	s.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/operations") {
			return false
		}
		i := int(n.Add(1)) - 1
		return i > 0 && answer(i, w, r)
	}
}

// TestEveryStatus has each status once, and again as a page, in front of a delivery: no
// value is lost, whatever it is, since none of them is about the values.
func TestEveryStatus(t *testing.T) {
	for status := 300; status <= 599; status++ {
		if http.StatusText(status) == "" && status%100 != 99 {
			continue
		}
		s := server(t)
		deliveries(s, func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n > 1 {
				return false
			}
			w.Header().Set("Location", "https://login.example/sso?token=secret")
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			io.WriteString(w, "<html><h1>This is a proxy</h1></html>")
			return true
		})
		b := outbox(t, s, t.TempDir())
		for i := 1; i <= 20; i++ {
			b.Metrics(i, at, map[string]float64{"x": 1})
		}
		b.Finish(context.Background(), "finished")
		d := b.Delivery()
		switch {
		case slices.Contains([]int{401, 402, 403, 422}, status): // is tried again when the run is synced
			if status == 401 { // or with another access token
				if d.Sent != 21 {
					t.Errorf("401: %v", d)
				}
			} else if d.Left != 21 || !d.Stopped || !strings.Contains(d.String(), fmt.Sprint(status)) || strings.Contains(d.String(), "secret") {
				t.Errorf("%d: %v", status, d)
			}
		case d.Sent != 21 || !slices.Equal(steps(s, "x"), upTo(20)):
			t.Errorf("%d: %v; at the server %v", status, d, steps(s, "x"))
		}
		s.Close()
	}
}

// TestSignIn has a proxy that wants a sign-in for good, by a redirection or a page of its
// own: everything is kept, and the line at the end gives the reason.
func TestSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		words  string
	}{
		"redirection": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example/sso?token=secret", http.StatusFound)
		}, "302 Found to https://login.example/sso"},
		"page": {func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "<!DOCTYPE html><title>Please sign in</title><script>var token='secret'</script>")
		}, "answers with a page; is there a sign-in before the service? Please sign in"},
		"bad request": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, "<html>Bad Request: this proxy wants a certificate</html>")
		}, "400 Bad Request: Bad Request: this proxy wants a certificate"},
	} {
		s, dir := server(t), t.TempDir()
		deliveries(s, func(_ int, w http.ResponseWriter, r *http.Request) bool { c.answer(w, r); return true })
		upload := s.Before
		s.Before = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/upload") {
				c.answer(w, r)
				return true
			}
			return upload(w, r)
		}
		b := outbox(t, s, dir)
		b.Text("config", "seed: 1")
		b.Metrics(1, at, map[string]float64{"x": 1})
		b.Finish(context.Background(), "finished")
		d := b.Delivery()
		if d.Sent+d.Refused+d.Left != 3 || d.Sent != 0 || d.Left < 2 || !strings.Contains(d.String(), c.words) || strings.Contains(d.String(), "?token") {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// TestTooLarge has a proxy that takes small requests only: everything arrives that fits in
// one, and the rest is refused by name.
func TestTooLarge(t *testing.T) {
	s := server(t)
	deliveries(s, func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength <= 600 {
			return false
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return true
	})
	b := outbox(t, s, t.TempDir())
	b.Params(map[string]any{"a": "small", "huge": strings.Repeat("x", 1000), "z": int64(1)})
	for i := 1; i <= 100; i++ {
		b.Metrics(i, at, map[string]float64{"x": 1, "y": 2})
	}
	b.Finish(context.Background(), "finished")
	d, run := b.Delivery(), s.Runs()[0]
	if d.Sent != 101 || d.Refused != 1 || d.Left != 0 || !strings.Contains(d.String(), "the setting huge") || !strings.Contains(d.String(), "413") {
		t.Error(d)
	}
	if !slices.Equal(steps(s, "x"), upTo(100)) || !slices.Equal(steps(s, "y"), upTo(100)) || run.Fields["parameters/a"] != "small" || run.Fields["parameters/z"] != int64(1) {
		t.Errorf("%v, %v, %v", steps(s, "x"), steps(s, "y"), run.Fields)
	}
}

// TestRefusedAndBusy has a record that is refused, and a server that is busy right behind
// it: the record does not count as sent, and none is lost.
func TestRefusedAndBusy(t *testing.T) {
	for _, busy := range []int{0, 503, 429, 302, 404} {
		s, dir := server(t), t.TempDir()
		deliveries(s, func(n int, w http.ResponseWriter, r *http.Request) bool {
			if busy == 0 || n > 1 {
				return false
			}
			w.WriteHeader(busy)
			return true
		})
		b := outbox(t, s, dir)
		folder := filepath.Join(dir, "a.png")
		os.Mkdir(folder, 0o755)
		b.Image("figures/a", 1, folder)
		b.Metrics(1, at, map[string]float64{"x": 1})
		b.Finish(context.Background(), "finished")
		if d := b.Delivery(); d.Sent != 2 || d.Refused != 1 || d.Left != 0 || d.OK() || !strings.Contains(d.String(), `the image "figures/a"`) {
			t.Errorf("%d: %+v", busy, d)
		}
		if !slices.Equal(steps(s, "x"), []int{1}) {
			t.Errorf("%d: %v", busy, steps(s, "x"))
		}
	}
}

// TestLostAnswer sends values of which the server has some already, together with new
// ones of the same series.
func TestLostAnswer(t *testing.T) {
	s, r := server(t), newRun(t)
	sink := online(t, s)
	if _, err := sink.Open(context.Background(), r.info(track.Remote{})); err != nil {
		t.Fatal(err)
	}
	records := r.records()[3:1203]
	for _, part := range [][]track.Record{records[:50], records[25:100], records[:1200]} {
		if n, err := sink.Deliver(context.Background(), part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if !slices.Equal(steps(s, "train/loss"), upTo(1200)) {
		t.Errorf("%v", steps(s, "train/loss"))
	}
}

// TestFileFails has a server that cannot keep files: values are sent without them, after some
// tries, and the file is named.
func TestFileFails(t *testing.T) {
	for _, status := range []int{500, 503, 405, 302} {
		s, r := server(t), newRun(t)
		s.Before = func(w http.ResponseWriter, q *http.Request) bool {
			found := strings.Contains(q.URL.Path, "/storage/")
			if found {
				w.WriteHeader(status)
			}
			return found
		}
		b := outbox(t, s, r.dir)
		b.Image("figures/a", 1, r.picture)
		b.Metrics(1, at, map[string]float64{"x": 1})
		b.Finish(context.Background(), "finished")
		if d := b.Delivery(); d.Sent != 2 || d.Refused != 1 || !strings.Contains(d.String(), "figures/a") || !slices.Equal(steps(s, "x"), []int{1}) {
			t.Errorf("%d: %v, %v", status, d, steps(s, "x"))
		}
	}
}

// TestSecretsStay has a server that repeats the tokens of every request.
func TestSecretsStay(t *testing.T) {
	s := server(t)
	var tokens []string
	deliveries(s, func(_ int, w http.ResponseWriter, r *http.Request) bool {
		tokens = append(tokens, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `[{"errorDescription":"%s %s"}]`, strings.Repeat("x", 280), r.Header.Get("Authorization"))
		return true
	})
	sink := online(t, s)
	if _, err := sink.Open(context.Background(), track.RunInfo{Dir: t.TempDir(), ID: runID, Created: at}); err != nil {
		t.Fatal(err)
	}
	_, err := sink.Deliver(context.Background(), []track.Record{{Kind: track.MetricsRecord, Step: 1, Time: at, Values: map[string]float64{"x": 1}}})
	var refusal *track.Refusal
	if !errors.As(err, &refusal) || strings.Contains(err.Error(), tokens[0][:12]) {
		t.Error(err)
	}
}

// TestEveryOther has a server that fails at every other request, before it takes it or
// behind that: the run is made, values arrive once, and so does a file of several parts.
func TestEveryOther(t *testing.T) {
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprint("taken ", taken), func(t *testing.T) {
			t.Parallel()
			everyOther(t, taken)
		})
	}
}

func everyOther(t *testing.T, taken bool) {
	s := server(t)
	var n atomic.Int64
	var inside atomic.Bool
	handler := s.Config.Handler
	s.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/ping") || inside.Load() || n.Add(1)%2 == 0 {
			return false
		}
		if taken && !strings.HasSuffix(r.URL.Path, "/finish") && !strings.HasSuffix(r.URL.Path, "/part") { // which are taken once here
			inside.Store(true)
			handler.ServeHTTP(httptest.NewRecorder(), r)
			inside.Store(false)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	large := filepath.Join(t.TempDir(), "best.safetensors")
	data := bytes.Repeat([]byte("0123456789abcdef"), 11<<16) // 11 MiB: three parts
	if err := os.WriteFile(large, data, 0o644); err != nil {
		t.Fatal(err)
	}
	b := outbox(t, s, t.TempDir())
	for i := 1; i <= 20; i++ {
		b.Metrics(i, at, map[string]float64{"x": 1})
	}
	b.File("weights/best.safetensors", large)
	b.Finish(context.Background(), "finished")
	d, runs := b.Delivery(), s.Runs()
	if d.Sent != 22 || !d.OK() || len(runs) != 1 || !slices.Equal(steps(s, "x"), upTo(20)) {
		t.Errorf("%s; %d runs, steps %v", d, len(runs), steps(s, "x"))
	}
	if got := runs[0].Files["weights/best.safetensors"]; !bytes.Equal(got, data) {
		t.Errorf("%d of %d bytes of the file", len(got), len(data))
	}
}
