package mlflow

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
)

// outbox opens an outbox that sends to a server as soon as it can.
func outbox(t *testing.T, s *server, dir string) *track.Outbox {
	t.Helper()
	sink, err := New(Options{URI: s.URL}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	b, err := track.OpenOutbox(sink, track.OutboxOptions{
		Dir: dir, Service: "mlflow", Name: "x", Interval: time.Hour, MinRetry: time.Millisecond, MaxRetry: time.Millisecond, Patience: 20 * time.Second, Tries: 50,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// stepsOf are the steps of a metric at the server, sorted.
func stepsOf(s *server, name string) (list []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, run := range s.runs {
		for m := range run.metrics {
			if m.Key == name {
				list = append(list, m.Step)
			}
		}
	}
	slices.Sort(list)
	return list
}

func upTo(n int) (list []int) {
	for i := 1; i <= n; i++ {
		list = append(list, i)
	}
	return list
}

// TestEveryStatus has each status once, as a page, in front of a delivery: no value is
// lost, whatever it is, since none of them is about the values.
func TestEveryStatus(t *testing.T) {
	for status := 300; status <= 599; status++ {
		if http.StatusText(status) == "" && status%100 != 99 {
			continue
		}
		s, times := newServer(t), 0
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/log-batch") {
				return false
			}
			if times++; times > 1 {
				return false
			}
			w.Header().Set("Location", "https://login.example/sso?token=secret")
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			io.WriteString(w, "<html><h1>This is a proxy</h1></html>")
			return true
		}
		b := outbox(t, s, t.TempDir())
		for i := 1; i <= 20; i++ {
			b.Metrics(i, at, map[string]float64{"x": 1})
		}
		b.Finish(context.Background(), "finished")
		d := b.Delivery()
		if slices.Contains([]int{401, 402, 403, 422}, status) { // is tried again when the run is synced
			if d.Left != 21 || !d.Stopped || !strings.Contains(d.String(), fmt.Sprint(status)) {
				t.Errorf("%d: %v", status, d)
			}
		} else if d.Sent != 21 || !slices.Equal(stepsOf(s, "x"), upTo(20)) {
			t.Errorf("%d: %v; at the server %v", status, d, stepsOf(s, "x"))
		}
		s.Close()
	}
}

// TestTooLarge has a proxy that takes small requests only: everything arrives that fits in
// one, and the rest is refused by name.
func TestTooLarge(t *testing.T) {
	s := newServer(t)
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength <= 600 {
			return false
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return true
	}
	b := outbox(t, s, t.TempDir())
	b.Params(map[string]any{"a": "small", "huge": strings.Repeat("x", 1000), "z": int64(1)})
	for i := 1; i <= 100; i++ {
		b.Metrics(i, at, map[string]float64{"x": 1, "y": 2})
	}
	b.Finish(context.Background(), "finished")
	d := b.Delivery()
	if d.Sent != 101 || d.Refused != 1 || d.Left != 0 || !strings.Contains(d.String(), "the setting huge") || !strings.Contains(d.String(), "413") {
		t.Error(d)
	}
	if !slices.Equal(stepsOf(s, "x"), upTo(100)) || !slices.Equal(stepsOf(s, "y"), upTo(100)) {
		t.Errorf("%v, %v", stepsOf(s, "x"), stepsOf(s, "y"))
	}
	for _, run := range s.runs {
		if len(run.params) != 2 || run.params["a"] != "small" || run.params["z"] != "1" {
			t.Errorf("params %v", run.params)
		}
	}
}

// TestRefusedAndBusy has a record that is refused, and a server that is busy right behind
// it: the record does not count as sent, none is lost, and the server's time is respected.
func TestRefusedAndBusy(t *testing.T) {
	for _, busy := range []int{503, 429, 302, 404} {
		s, dir, times := newServer(t), t.TempDir(), 0
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/log-batch") {
				return false
			}
			if times++; times > 1 {
				return false
			}
			w.WriteHeader(busy)
			return true
		}
		b := outbox(t, s, dir)
		folder := filepath.Join(dir, "a")
		os.Mkdir(folder, 0o755)
		b.File("weights/a", folder)
		b.Metrics(1, at, map[string]float64{"x": 1})
		b.Finish(context.Background(), "finished")
		if d := b.Delivery(); d.Sent != 2 || d.Refused != 1 || d.Left != 0 || d.OK() || !strings.Contains(d.String(), `the file "weights/a"`) {
			t.Errorf("%d: %+v", busy, d)
		}
	}
}

// TestFileIsForbidden has a server that lets values in and no files: 403 for a file does
// not end the run's values.
func TestFileIsForbidden(t *testing.T) {
	for _, status := range []int{401, 402, 403, 404, 409, 422, 302, 507} {
		s := newServer(t)
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			found := strings.HasPrefix(r.URL.Path, artifactAPI)
			if found {
				io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
			}
			return found
		}
		b := outbox(t, s, t.TempDir())
		b.Text("config", "seed: 1")
		b.Metrics(1, at, map[string]float64{"x": 1})
		b.Finish(context.Background(), "finished")
		if d := b.Delivery(); d.Sent != 2 || d.Refused != 1 || !strings.Contains(d.String(), `the text "config"`) || !slices.Equal(stepsOf(s, "x"), []int{1}) {
			t.Errorf("%d: %v", status, d)
		}
	}
}
