package mlflow

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/track"
)

// TestOneRequest has a full parcel of an outbox, which is more than a request may hold.
func TestOneRequest(t *testing.T) {
	s := newServer(t)
	sink, remote := open(t, s, nil, track.Remote{})
	params := map[string]any{}
	for i := range 80 {
		params[fmt.Sprintf("p%d", i)] = i
	}
	records := []track.Record{{Kind: track.ParamsRecord, Params: params}, {Kind: track.TagsRecord, Tags: []string{"a"}}}
	for i := range 500 {
		records = append(records, values(i+1, map[string]float64{"x": 1, "y": 2}))
	}
	before := s.requests
	deliver(t, sink, records...)
	if run := s.runs[remote.ID]; s.requests != before+2 || len(run.metrics) != 1000 || len(run.params) != 80 {
		t.Errorf("%d requests, %d metrics, %d params", s.requests-before, len(run.metrics), len(run.params))
	}
}

func TestNumbers(t *testing.T) {
	got, err := json.Marshal([]number{1.5, number(math.NaN()), number(math.Inf(1)), number(math.Inf(-1))})
	if want := `[1.5,"NaN","Infinity","-Infinity"]`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestKey(t *testing.T) {
	for name, want := range map[string]string{
		"train/loss": "train/loss", "a//b": "a/b", "a/./b": "a/b", "../a": "a", "/a/": "a", "": "_", "..": "_", "ä b": "_e4 b", "a\nb": "a_ab",
		strings.Repeat("x", 300): strings.Repeat("x", 250),
	} {
		if got := key(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestOtherServers has servers of the same API that know no filters, or no search at all:
// a new run must not continue another one.
func TestOtherServers(t *testing.T) {
	s := newServer(t)
	s.anyRun = true
	_, first := open(t, s, nil, track.Remote{})
	sink, err := New(Options{URI: s.URL}, func(name string) string { return map[string]string{"USER": "me"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	second, err := sink.Open(context.Background(), track.RunInfo{Name: "another", ID: "4567"})
	if err != nil || second.ID == first.ID || s.runs[second.ID].tags["mlflow.user"] != "me" {
		t.Errorf("%v, %v", second, err)
	}
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		found := strings.HasSuffix(r.URL.Path, "runs/search")
		if found {
			http.NotFound(w, r)
		}
		return found
	}
	if _, third := open(t, s, nil, track.Remote{}); len(s.runs) != 3 || s.runs[third.ID] == nil {
		t.Errorf("without search: %v of %d", third, len(s.runs))
	}
}

// TestFilesFail has servers that take values and no files.
func TestFilesFail(t *testing.T) {
	disabled := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `{"detail":"Artifact serving is disabled. Run `+"`mlflow server` with `--serve-artifacts`"+` to enable."}`)
	}
	broken := func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
	}
	picture := filepath.Join(t.TempDir(), "picture.png")
	os.WriteFile(picture, []byte("a picture"), 0o644)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   string // of the path's end that is refused
		tries  int
	}{
		"disabled": {disabled, "", 0}, "broken": {broken, "", maxFileTries - 1}, "half a picture": {broken, ".webp", maxFileTries - 1},
		"too large": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }, "", 0},
	} {
		s := newServer(t)
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			found := strings.HasPrefix(r.URL.Path, artifactAPI) && strings.HasSuffix(r.URL.Path, c.kind)
			if found {
				io.Copy(io.Discard, r.Body)
				c.answer(w, r)
			}
			return found
		}
		sink, remote := open(t, s, nil, track.Remote{})
		records := []track.Record{values(1, map[string]float64{"x": 1}), {Kind: track.ImageRecord, Name: "p", Path: picture}, values(2, map[string]float64{"x": 2})}
		for range c.tries {
			n, err := sink.Deliver(context.Background(), records)
			var retry *track.Retry
			if n > 1 || !errors.As(err, &retry) {
				t.Fatalf("%s: %d, %v", name, n, err)
			}
			records = records[n:]
		}
		n, err := sink.Deliver(context.Background(), records)
		var refusal *track.Refusal
		if n != len(records) || !errors.As(err, &refusal) || refusal.Records != 1 || len(s.runs[remote.ID].metrics) != 2 {
			t.Errorf("%s: %d of %d, %v", name, n, len(records), err)
		}
	}
}

// TestNothingLost has a run that is deleted meanwhile, and a proxy that knows no MLflow:
// neither is a reason to give records up.
func TestNothingLost(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		stop   bool
	}{
		"deleted": {func(w http.ResponseWriter, r *http.Request) {
			refuse(w, 400, "INVALID_PARAMETER_VALUE", "The run 1 must be in the 'active' state. Current state is deleted.")
		}, true},
		"gone":  {func(w http.ResponseWriter, r *http.Request) { refuse(w, 404, "RESOURCE_DOES_NOT_EXIST", "no run") }, true},
		"proxy": {http.NotFound, false},
	} {
		s := newServer(t)
		sink, _ := open(t, s, nil, track.Remote{})
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			c.answer(w, r)
			return true
		}
		n, err := sink.Deliver(context.Background(), []track.Record{
			{Kind: track.ParamsRecord, Params: map[string]any{"a": 1}}, values(1, map[string]float64{"x": 1}), values(2, map[string]float64{"x": 2}),
		})
		var refusal *track.Refusal
		if n != 0 || err == nil || errors.Is(err, track.ErrStop) != c.stop || errors.As(err, &refusal) {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

func TestTLS(t *testing.T) {
	s := newServer(t)
	safe := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	safe.Config.ErrorLog = log.New(io.Discard, "", 0)
	safe.StartTLS()
	defer safe.Close()
	dir := t.TempDir()
	authority, empty := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "empty.pem")
	os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: safe.Certificate().Raw}), 0o644)
	os.WriteFile(empty, nil, 0o644)
	const insecure, file = "MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_TRACKING_SERVER_CERT_PATH"
	for _, c := range []struct {
		env        map[string]string
		made, open bool
	}{
		{nil, true, false}, {map[string]string{insecure: "false"}, true, false},
		{map[string]string{insecure: "true"}, true, true}, {map[string]string{file: authority}, true, true},
		{map[string]string{insecure: "maybe"}, false, false}, {map[string]string{insecure: "1", file: authority}, false, false},
		{map[string]string{file: empty}, false, false}, {map[string]string{file: filepath.Join(dir, "none")}, false, false},
	} {
		sink, err := New(Options{URI: safe.URL}, func(name string) string { return c.env[name] })
		if (err == nil) != c.made || err != nil && !errors.Is(err, ErrConfig) {
			t.Errorf("%v: %v", c.env, err)
		}
		if err != nil {
			continue
		}
		if _, err = sink.Open(context.Background(), track.RunInfo{ID: "0123"}); (err == nil) != c.open {
			t.Errorf("%v: %v", c.env, err)
		}
		sink.Close(context.Background())
	}
}

// TestEveryOther has a server that fails at every other request, before or after it was
// carried out: the run is made once, and everything arrives.
func TestEveryOther(t *testing.T) {
	for status, after := range map[int]bool{http.StatusServiceUnavailable: false, http.StatusGatewayTimeout: true} {
		s := newServer(t)
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			if s.requests%2 == 0 {
				return false
			}
			if after {
				before := s.before
				s.before = nil
				s.mu.Unlock()
				s.serve(httptest.NewRecorder(), r)
				s.mu.Lock()
				s.before = before
				s.requests--
			}
			w.WriteHeader(status)
			return true
		}
		sink, _ := open(t, s, nil, track.Remote{})
		picture := filepath.Join(t.TempDir(), "p.png")
		os.WriteFile(picture, []byte("png"), 0o644)
		for _, r := range []track.Record{
			values(1, map[string]float64{"train/loss": 1}), {Kind: track.ImageRecord, Name: "a", Step: 1, Path: picture, Time: at},
			{Kind: track.ImageRecord, Name: "b", Step: 1, Path: picture, Time: at}, {Kind: track.FinishRecord, Status: "finished", Time: at},
		} {
			for try := 0; ; try++ {
				if n, err := sink.Deliver(context.Background(), []track.Record{r}); n == 1 && err == nil {
					break
				} else if try == 3 {
					t.Fatal(err)
				}
			}
		}
		if len(s.runs) != 1 {
			t.Errorf("after %v: %d runs", after, len(s.runs))
		}
		for _, run := range s.runs {
			if run.status != "FINISHED" || len(run.metrics) != 1 || len(run.files) != 4 {
				t.Errorf("after %v: %+v", after, run)
			}
		}
	}
}

// TestTextIsNoConsent has a proxy that answers 200 and a text, a number or half an object:
// nothing counts as sent. A server of the same API may answer nothing.
func TestTextIsNoConsent(t *testing.T) {
	for _, answer := range []string{"the service starts, please wait", "[]", "1", "{", `"ok"`, ""} {
		s := newServer(t)
		sink, _ := open(t, s, nil, track.Remote{})
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			io.WriteString(w, answer)
			return true
		}
		n, err := sink.Deliver(context.Background(), []track.Record{values(1, map[string]float64{"train/loss": 1})})
		if (n == 1) != (answer == "") || (err == nil) != (answer == "") || errors.Is(err, track.ErrStop) {
			t.Errorf("%q: %d, %v", answer, n, err)
		}
	}
}
