package mlflow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
)

var at = time.UnixMilli(1700000000123)

func values(step int, values map[string]float64) track.Record {
	return track.Record{Kind: track.MetricsRecord, Step: step, Time: at, Values: values}
}

// open makes a Sink for a server and opens a run.
func open(t *testing.T, s *server, env map[string]string, remote track.Remote) (*Sink, track.Remote) {
	t.Helper()
	sink, err := New(Options{URI: s.URL}, func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	remote, err = sink.Open(context.Background(), track.RunInfo{Name: "a run", ID: "0123", Created: at, Remote: remote})
	if err != nil {
		t.Fatal(err)
	}
	return sink, remote
}

func deliver(t *testing.T, s *Sink, records ...track.Record) {
	t.Helper()
	if n, err := s.Deliver(context.Background(), records); err != nil || n != len(records) {
		t.Fatalf("%d of %d delivered: %v", n, len(records), err)
	}
}

func TestRun(t *testing.T) {
	s := newServer(t)
	picture := filepath.Join(t.TempDir(), "picture.png")
	os.WriteFile(picture, []byte("a picture"), 0o644)
	many := map[string]float64{}
	settings := map[string]any{"optim.lr": 0.001, "on": true, "long": strings.Repeat("ä", 9000), "model.freeze": "a,b", "n": 134412133.0, "ü": 1, "ö": 2}
	for i := range 1500 {
		many[fmt.Sprintf("many/%d", i)] = rand.Float64()
	}
	for i := range 150 {
		settings[fmt.Sprintf("setting.%d", i)] = i
	}
	sink, remote := open(t, s, nil, track.Remote{})
	records := []track.Record{
		{Kind: track.ParamsRecord, Params: settings}, {Kind: track.TagsRecord, Tags: []string{"mine", "vgg16"}},
		{Kind: track.TextRecord, Name: "config", Text: "seed: 1\n"}, values(1, map[string]float64{"train/loss": 2.5, "train/lr": 0.1}),
		values(2, many), {Kind: track.ImageRecord, Name: "figures/show_batch_before", Step: 1, Time: at, Path: picture},
		{Kind: track.FileRecord, Name: "weights/best.safetensors", Path: picture}, {Kind: track.FinishRecord, Time: at, Status: "interrupted"},
	}
	deliver(t, sink, records...)
	deliver(t, sink, records...) // once more, as after a kill
	run := s.runs[remote.ID]
	if run == nil || len(s.runs) != 1 || run.name != "a run" || run.status != "KILLED" || run.end != at.UnixMilli() || s.experiments[DefaultExperiment] != "1" {
		t.Fatalf("runs %+v, experiments %v", s.runs, s.experiments)
	}
	if len(run.metrics) != 1502 || run.metrics[metric{"train/loss", 2.5, at.UnixMilli(), 1}] != 2 {
		t.Errorf("%d metrics", len(run.metrics))
	}
	if len(run.params) != 157 || run.params["optim.lr"] != "0.001" || run.params["n"] != "1.34412133e+08" || len([]rune(run.params["long"])) != 6000 || run.params["on"] != "true" {
		t.Errorf("%d params, %v", len(run.params), run.params["n"])
	}
	image := ""
	for name := range run.files {
		if strings.HasPrefix(name, "images/") && strings.HasSuffix(name, ".png") {
			image += name
		}
	}
	if len(run.files) != 4 || run.files["config.yaml"] != "seed: 1\n" || run.files["weights/best.safetensors"] != "a picture" ||
		!strings.HasPrefix(image, "images/figures~show_batch_before+step+1+timestamp+1700000000123+") || run.tags["mlflow.loggedImages"] != "True" || run.tags["mine"] != "true" {
		t.Errorf("files %v, tags %v", run.files, run.tags)
	}
	if want := s.URL + "/#/experiments/1/runs/" + remote.ID; remote.URL != want {
		t.Errorf("to be looked at %s, want %s", remote.URL, want)
	}

	// The run continues by the ID that was recorded, or is found by its tag.
	for _, before := range []track.Remote{remote, {}} {
		again, found := open(t, s, nil, before)
		if found.ID != remote.ID || run.status != "RUNNING" {
			t.Errorf("goes on in %s, %s", found.ID, run.status)
		}
		deliver(t, again, track.Record{Kind: track.FinishRecord, Status: "finished"})
	}
	if run.status != "FINISHED" || len(s.runs) != 1 {
		t.Errorf("ended as %s, %d runs", run.status, len(s.runs))
	}
}

// TestRefused has records among good ones that the server or the disk refuses.
func TestRefused(t *testing.T) {
	s := newServer(t)
	sink, remote := open(t, s, nil, track.Remote{})
	deliver(t, sink, track.Record{Kind: track.ParamsRecord, Params: map[string]any{"a": 1}})
	n, err := sink.Deliver(context.Background(), []track.Record{
		values(1, map[string]float64{"x": 1}), {Kind: track.ParamsRecord, Params: map[string]any{"a": 2, "b": 3, "summary.best": 0.5}}, values(2, map[string]float64{"x": 2}),
		{Kind: track.FileRecord, Name: "f", Path: "/nowhere"}, {Kind: "odd"}, values(3, map[string]float64{"x": 3}),
	})
	var refusal *track.Refusal
	if n != 6 || !errors.As(err, &refusal) || refusal.Records != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if run := s.runs[remote.ID]; len(run.metrics) != 3 || run.params["a"] != "1" || run.params["b"] != "3" || run.tags["now.a"] != "2" || run.tags["summary.best"] != "0.5" {
		t.Errorf("%+v", run)
	}
	s.artifactURI = "s3://bucket/%s"
	sink, remote = open(t, s, nil, remote)
	n, err = sink.Deliver(context.Background(), []track.Record{{Kind: track.TextRecord, Name: "a"}, values(4, map[string]float64{"x": 3})})
	if n != 2 || !errors.As(err, &refusal) || refusal.Records != 1 || !strings.Contains(err.Error(), "s3://bucket/") || len(s.runs[remote.ID].metrics) != 4 {
		t.Errorf("without files: %d, %v", n, err)
	}
}

func TestCredentials(t *testing.T) {
	s := newServer(t)
	s.user, s.pass = "me", "geheim"
	env := map[string]string{"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "geheim"}
	open(t, s, env, track.Remote{})
	wrong := map[string]string{"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "falsch"}
	for _, env := range []map[string]string{nil, wrong} {
		sink, err := New(Options{URI: s.URL}, func(n string) string { return env[n] })
		if err != nil {
			t.Fatal(err)
		}
		_, err = sink.Open(context.Background(), track.RunInfo{})
		if !errors.Is(err, track.ErrStop) || !strings.Contains(err.Error(), "MLFLOW_TRACKING_USERNAME") || strings.Contains(err.Error(), "falsch") {
			t.Errorf("%v: %v", env, err)
		}
	}
	s.user, s.token = "", "t0ken"
	open(t, s, map[string]string{"MLFLOW_TRACKING_TOKEN": "t0ken"}, track.Remote{})
	s.token, s.user = "", "me"
	inURI, err := New(Options{URI: strings.Replace(s.URL, "http://", "http://me:geheim@", 1)}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	remote, err := inURI.Open(context.Background(), track.RunInfo{})
	if err != nil || strings.Contains(fmt.Sprint(remote), "geheim") {
		t.Errorf("in the address: %v, %v", remote, err)
	}
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, "geheim, geheim", http.StatusInternalServerError)
		return true
	}
	if _, err := inURI.Open(context.Background(), track.RunInfo{}); err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("a server that repeats the password: %v", err)
	}
}

// TestAnswers has a server that answers everything else than it should.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status      int
		kind, body  string
		retry, stop bool
		words       string
	}{
		{500, "text/html", "<html><title>Oops</title><p>an <b>error</b></html>", true, false, "Oops an error"},
		{502, "text/html", "<html>", true, false, "502"},
		{429, "text/plain", "slow down", true, false, "slow down"},
		{503, "application/json", `{"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"}`, true, false, "later"},
		{401, "text/plain", "You are not authenticated.", false, true, "MLFLOW_TRACKING_TOKEN"},
		{403, "text/plain", "Invalid Host header", false, true, "Invalid Host header"},
		{402, "application/json", `{"message":"pay"}`, false, true, "pay"},
		{413, "text/html", "<h1>413 Request Entity Too Large</h1>", false, false, "413"},
		{200, "text/html", "<html>a page of another server</html>", false, false, "a page of another server"},
		{200, "application/json", "{}", false, false, "is it an MLflow server"},
		{302, "text/plain", "", false, false, "302"},
		{404, "text/html", "<p>nothing here", false, false, "nothing here"},
	} {
		s := newServer(t)
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", c.kind)
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Location", "http://elsewhere.invalid/")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
			return true
		}
		sink, err := New(Options{URI: s.URL}, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		_, err = sink.Open(context.Background(), track.RunInfo{})
		var retry *track.Retry
		if err == nil || errors.As(err, &retry) != c.retry || errors.Is(err, track.ErrStop) != c.stop || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
		if c.retry && retry.After != 7*time.Second {
			t.Errorf("%d: again after %v", c.status, retry.After)
		}
	}
	sink, err := New(Options{URI: "http://127.0.0.1:1"}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	var retry *track.Retry
	if _, err := sink.Open(context.Background(), track.RunInfo{}); !errors.As(err, &retry) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestExperiments(t *testing.T) {
	s := newServer(t)
	s.experiments["gone"], s.deleted["gone"] = "7", true
	sink, _ := New(Options{}, func(n string) string {
		return map[string]string{"MLFLOW_TRACKING_URI": s.URL, "MLFLOW_EXPERIMENT_NAME": "gone"}[n]
	})
	if _, err := sink.Open(context.Background(), track.RunInfo{}); !errors.Is(err, track.ErrStop) || !strings.Contains(err.Error(), `"gone" is deleted`) {
		t.Errorf("a deleted experiment: %v", err)
	}
	sink, _ = New(Options{URI: s.URL, Experiment: "raced"}, func(string) string { return "" })
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "experiments/create") {
			s.experiments["raced"] = "9" // somebody else is faster
		}
		return false
	}
	remote, err := sink.Open(context.Background(), track.RunInfo{})
	if err != nil || remote.Has["experiment"] != "9" {
		t.Errorf("made meanwhile: %+v, %v", remote, err)
	}
	if _, err := sink.Open(context.Background(), track.RunInfo{Remote: track.Remote{ID: "lost"}}); !errors.Is(err, track.ErrStop) {
		t.Errorf("a run that is gone: %v", err)
	}
	for _, uri := range []string{"", "localhost:5000", "file:///x", "http://", "http://me:secret@bad host/"} {
		_, err := New(Options{URI: uri}, func(string) string { return "" })
		if !errors.Is(err, ErrConfig) || strings.Contains(err.Error(), "secret") {
			t.Errorf("address %q: %v", uri, err)
		}
	}
}
