package neptune_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/track/neptune"
	"github.com/euryale-ml/euryale/track/neptune/neptunetest"
)

const runID = "0123456789abcdef0123456789abcdef"

var at = time.UnixMilli(1700000000123)

// run is a run's folder with files to send.
type run struct {
	dir            string
	picture, model string
	weights        []byte
}

func newRun(t *testing.T) run {
	t.Helper()
	r := run{dir: t.TempDir(), weights: make([]byte, 11<<20+7)}
	rand.NewChaCha8([32]byte{1}).Read(r.weights)
	r.picture, r.model = filepath.Join(r.dir, "show_batch_before.png"), filepath.Join(r.dir, "best.safetensors")
	for path, data := range map[string][]byte{r.picture: []byte("a picture"), r.model: r.weights} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// records are those of a run of 1,200 steps.
func (r run) records() []track.Record {
	list := []track.Record{
		{Kind: track.ParamsRecord, Time: at, Params: map[string]any{"optim.lr": 0.001, "train.epochs": int64(100), "data.shuffle": true, "model.name": "vgg16", "one": 1.0}},
		{Kind: track.TagsRecord, Time: at, Tags: []string{"pets", "vgg16"}},
		{Kind: track.TextRecord, Time: at, Name: "config", Text: "seed: 42\n"},
	}
	for i := 1; i <= 1200; i++ {
		when := at.Add(time.Duration(i) * time.Second)
		list = append(list, track.Record{Kind: track.MetricsRecord, Step: i, Time: when, Values: map[string]float64{"train/loss": 1 / float64(i), "train/lr": 1}})
	}
	list = append(list,
		track.Record{Kind: track.ImageRecord, Time: at, Step: 1, Name: "figures/show_batch_before", Path: r.picture},
		track.Record{Kind: track.MetricsRecord, Step: 1200, Time: at, Values: map[string]float64{"test/accuracy": 0.5}},
		track.Record{Kind: track.ParamsRecord, Time: at, Params: map[string]any{"summary.best.accuracy": 0.5}},
		track.Record{Kind: track.FileRecord, Time: at, Name: "weights/best.safetensors", Path: r.model},
		track.Record{Kind: track.FinishRecord, Time: at, Status: "finished"})
	for i := range list {
		list[i].Seq = int64(i + 1)
	}
	return list
}

// check fails unless the server has the whole run, and each value once.
func (r run) check(t *testing.T, s *neptunetest.Server, name string) {
	t.Helper()
	for _, p := range s.Problems() {
		t.Error(p)
	}
	runs := s.Runs()
	if len(runs) != 1 {
		t.Fatalf("%d runs", len(runs))
	}
	got := runs[0]
	for path, want := range map[string]any{
		"sys/name": name, "sys/failed": false, "parameters/optim/lr": 0.001, "parameters/train/epochs": int64(100), "parameters/data/shuffle": true,
		"parameters/model/name": "vgg16", "parameters/one": 1.0, "summary/best/accuracy": 0.5, "status": "finished",
	} {
		if got.Fields[path] != want {
			t.Errorf("%s is %v (%T), want %v", path, got.Fields[path], got.Fields[path], want)
		}
	}
	loss := got.Series["train/loss"]
	if len(loss) != 1200 || len(got.Series["train/lr"]) != 1200 || len(got.Series["test/accuracy"]) != 1 {
		t.Fatalf("%d, %d and %d values", len(loss), len(got.Series["train/lr"]), len(got.Series["test/accuracy"]))
	}
	for i, p := range loss {
		if p.Step != float64(i+1) || p.Value != 1/float64(i+1) || p.MS != at.UnixMilli()+int64(i+1)*1000 {
			t.Fatalf("value %d is %+v", i, p)
		}
	}
	slices.Sort(got.Tags) // a set: the client sends it in any order
	if !slices.Equal(got.Tags, []string{"pets", "vgg16"}) {
		t.Errorf("tags %v", got.Tags)
	}
	if len(got.Files) != 3 || string(got.Files["figures/show_batch_before.png"]) != "a picture" || string(got.Files["config.yaml"]) != "seed: 42\n" ||
		!bytes.Equal(got.Files["weights/best.safetensors"], r.weights) {
		t.Errorf("%d files, the weights have %d bytes", len(got.Files), len(got.Files["weights/best.safetensors"]))
	}
}

func server(t *testing.T) *neptunetest.Server {
	s := neptunetest.New()
	t.Cleanup(s.Close)
	return s
}

// online makes the Sink of a server.
func online(t *testing.T, s *neptunetest.Server) track.Sink {
	t.Helper()
	sink, note, err := neptune.New(neptune.Options{Project: "ws/pets"}, "", func(name string) string {
		return map[string]string{"NEPTUNE_API_TOKEN": s.Token()}[name]
	})
	if err != nil || note != "" {
		t.Fatal(note, err)
	}
	t.Cleanup(func() { sink.Close(context.Background()) })
	return sink
}

func (r run) info(remote track.Remote) track.RunInfo {
	return track.RunInfo{Dir: r.dir, Name: "a telling name", ID: runID, Created: at, Remote: remote}
}

// deliver sends all records, 100 at a time.
func deliver(t *testing.T, sink track.Sink, records []track.Record) {
	t.Helper()
	for some := range slices.Chunk(records, 100) {
		if n, err := sink.Deliver(context.Background(), some); err != nil || n != len(some) {
			t.Fatalf("%d of %d delivered: %v", n, len(some), err)
		}
	}
}

func TestOnline(t *testing.T) {
	s, r := server(t), newRun(t)
	sink := online(t, s)
	remote, err := sink.Open(context.Background(), r.info(track.Remote{}))
	if err != nil || remote.ID == "" || remote.URL != s.URL+"/ws/pets/e/PETS-1" {
		t.Fatalf("%+v, %v", remote, err)
	}
	records := r.records()
	deliver(t, sink, records[:500])
	s.Expire() // the next request is refused, and sent once more with a new access token
	deliver(t, sink, records[400:800])
	sink.Close(context.Background())

	again := online(t, s) // another process resumes; records sent again are stored once
	if found, err := again.Open(context.Background(), r.info(remote)); err != nil || found.ID != remote.ID {
		t.Fatalf("%+v, %v", found, err)
	}
	deliver(t, again, records[700:])
	lost := online(t, s) // one that never learnt which run was made
	if found, err := lost.Open(context.Background(), r.info(track.Remote{})); err != nil || found.ID != remote.ID {
		t.Fatalf("%+v, %v", found, err)
	}
	r.check(t, s, "a telling name")
	if s.Runs()[0].Pings == 0 {
		t.Error("no ping")
	}
}

// TestRenewal has access tokens that last less than it takes to use them.
func TestRenewal(t *testing.T) {
	s, r := server(t), newRun(t)
	s.TokenLife = 29 * time.Second
	sink := online(t, s)
	if _, err := sink.Open(context.Background(), r.info(track.Remote{})); err != nil {
		t.Fatal(err)
	}
	deliver(t, sink, r.records())
	r.check(t, s, "a telling name")
}

// TestAnswers has a server that refuses in every way at the place of a call.
func TestAnswers(t *testing.T) {
	r := newRun(t)
	for _, call := range []string{"/clients/config", "/oauth-token", "/projects/get", "/v1/experiments", "/operations", "/storage/file/upload"} {
		for _, c := range []struct {
			status      int
			body        string
			retry, stop bool
			refused     bool // a record, if it is one
		}{
			{status: 401, body: "{}", stop: true}, {status: 402, body: `{"title":"over the limit"}`, stop: true}, {status: 403, body: "no", stop: true},
			{status: 422, body: "{}", stop: true}, {status: 429, body: "", retry: true}, {status: 408, body: "", retry: true},
			{status: 500, body: "<html><body>Oops</body></html>", retry: true}, {status: 503, body: "", retry: true},
			{status: 413, body: "<html>too large</html>", refused: true}, {status: 400, body: `{"title":"bad"}`, refused: true},
			{status: 302, body: ""}, {status: 307, body: ""}, {status: 400, body: "<html>Bad Request</html>"}, {status: 405, body: ""},
		} {
			s := server(t)
			s.Before = func(w http.ResponseWriter, q *http.Request) bool {
				if !strings.HasSuffix(q.URL.Path, call) {
					return false
				}
				w.Header().Set("Retry-After", "9")
				w.Header().Set("Location", "http://elsewhere.invalid/")
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
				return true
			}
			sink := online(t, s)
			_, err := sink.Open(context.Background(), r.info(track.Remote{}))
			if err == nil {
				_, err = sink.Deliver(context.Background(), r.records()[:4])
			}
			var retry *track.Retry
			var refusal *track.Refusal
			isRecord := strings.HasPrefix(call, "/storage")
			if err == nil || errors.As(err, &retry) != c.retry || errors.Is(err, track.ErrStop) != c.stop || isRecord && errors.As(err, &refusal) != c.refused {
				t.Errorf("%s answers %d: %v", call, c.status, err)
			}
			if c.retry && errors.As(err, &retry) && retry.After != 9*time.Second {
				t.Errorf("%s answers %d: again after %v", call, c.status, retry.After)
			}
			if err != nil && strings.Contains(err.Error(), s.Token()) {
				t.Errorf("%s answers %d: the error holds the token", call, c.status)
			}
			sink.Close(context.Background())
		}
	}
	for _, body := range []string{"", "<html>", "null", "[]", `"x"`} {
		s := server(t)
		s.Before = func(w http.ResponseWriter, q *http.Request) bool { fmt.Fprint(w, body); return true }
		if _, err := online(t, s).Open(context.Background(), r.info(track.Remote{})); err == nil {
			t.Errorf("a server that answers %q is no error", body)
		}
	}
}

// TestRefusedValues has records among good ones that the server or the disk refuses.
func TestRefusedValues(t *testing.T) {
	s, r := server(t), newRun(t)
	sink := online(t, s)
	remote, err := sink.Open(context.Background(), r.info(track.Remote{}))
	if err != nil {
		t.Fatal(err)
	}
	var refusal *track.Refusal
	n, err := sink.Deliver(context.Background(), []track.Record{
		{Kind: track.FileRecord, Time: at, Name: "a", Path: filepath.Join(r.dir, "none")}, {Kind: track.ImageRecord, Time: at, Name: "b", Path: r.dir},
		{Kind: track.MetricsRecord, Step: 1, Time: at, Values: map[string]float64{"x": 1}},
	})
	if n != 3 || !errors.As(err, &refusal) || refusal.Records != 2 || len(s.Runs()[0].Series["x"]) != 1 {
		t.Errorf("%d, %v", n, err)
	}
	remote.Has["project"] = "another"
	if _, err := sink.Open(context.Background(), r.info(remote)); !errors.Is(err, track.ErrStop) {
		t.Errorf("a run of another project: %v", err)
	}
}

func TestSettings(t *testing.T) {
	token := base64.StdEncoding.EncodeToString([]byte(`{"api_address":"http://127.0.0.1:1","api_key":"secret-key"}`))
	for _, c := range []struct {
		name  string
		o     neptune.Options
		env   map[string]string
		words string // of the error; "": none
		note  string
	}{
		{"auto without a token", neptune.Options{Project: "w/p"}, nil, "", "offline"},
		{"auto with a token", neptune.Options{Project: "w/p"}, map[string]string{"NEPTUNE_API_TOKEN": token}, "", ""},
		{"project and mode of the environment", neptune.Options{Mode: "auto"}, map[string]string{"NEPTUNE_API_TOKEN": token, "NEPTUNE_PROJECT": "w/p", "NEPTUNE_MODE": "async"}, "", ""},
		{"offline with a token", neptune.Options{Mode: "offline"}, map[string]string{"NEPTUNE_API_TOKEN": token, "NEPTUNE_MODE": "async"}, "", "offline"},
		{"debug", neptune.Options{Mode: "debug"}, nil, "", "debug"},
		{"async without a token", neptune.Options{Mode: "async", Project: "w/p"}, nil, "NEPTUNE_API_TOKEN is not set", ""},
		{"no project", neptune.Options{}, map[string]string{"NEPTUNE_API_TOKEN": token}, "neptune.project or NEPTUNE_PROJECT", ""},
		{"half a project", neptune.Options{Project: "pets"}, map[string]string{"NEPTUNE_API_TOKEN": token}, "want workspace/name", ""},
		{"no base64", neptune.Options{Project: "w/p"}, map[string]string{"NEPTUNE_API_TOKEN": "secret-key!"}, "not a Neptune token", ""},
		{"no JSON", neptune.Options{Project: "w/p"}, map[string]string{"NEPTUNE_API_TOKEN": base64.StdEncoding.EncodeToString([]byte("secret-key"))}, "not a Neptune token", ""},
		{"no address", neptune.Options{Project: "w/p"}, map[string]string{"NEPTUNE_API_TOKEN": base64.StdEncoding.EncodeToString([]byte(`{"api_key":"secret-key"}`))}, "names no server", ""},
		{"a bad address", neptune.Options{Project: "w/p"}, map[string]string{"NEPTUNE_API_TOKEN": base64.StdEncoding.EncodeToString([]byte(`{"api_url":"ftp://u:secret-key@x"}`))}, "not of the form http", ""},
		{"a bad mode", neptune.Options{}, map[string]string{"NEPTUNE_MODE": "read-only"}, `NEPTUNE_MODE = "read-only"`, ""},
	} {
		sink, note, err := neptune.New(c.o, "runs/x", func(name string) string { return c.env[name] })
		if c.words == "" {
			if err != nil || sink == nil || !strings.Contains(note, c.note) || (c.note == "") != (note == "") {
				t.Errorf("%s: note %q, %v", c.name, note, err)
			}
			continue
		}
		if !errors.Is(err, neptune.ErrConfig) || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "secret-key") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// offline writes records into a run's offline folder, in two sessions with a torn line
// between them.
func offline(t *testing.T, r run) (folder string) {
	t.Helper()
	records := r.records()
	var remote track.Remote
	for _, some := range [][]track.Record{records[:700], records[700:]} {
		sink, _, err := neptune.New(neptune.Options{}, r.dir, func(string) string { return "" })
		if err != nil {
			t.Fatal(err)
		}
		if remote, err = sink.Open(context.Background(), r.info(remote)); err != nil {
			t.Fatal(err)
		}
		deliver(t, sink, some)
		if err := sink.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		folder = filepath.Join(r.dir, ".neptune", "offline", remote.Has["folder"])
		log, err := os.OpenFile(filepath.Join(folder, "data-1.log"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		log.WriteString(`{"obj": {"type": "LogFl`)
		log.Close()
	}
	return folder
}

func TestOffline(t *testing.T) {
	r := newRun(t)
	folder := offline(t, r)
	log, err := os.ReadFile(filepath.Join(folder, "data-1.log"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(log), "\n")
	put, err := os.ReadFile(filepath.Join(folder, "last_put_version"))
	if err != nil || string(put) != fmt.Sprint(len(lines)-1) {
		t.Errorf("last_put_version is %s of %d lines, %v", put, len(lines)-1, err)
	}
	for i, want := range []string{
		`{"at":1700000000.123,"obj":{"path":["sys","name"],"type":"AssignString","value":"a telling name"},"version":1}`,
		`{"at":1700000000.123,"obj":{"path":["sys","failed"],"type":"AssignBool","value":false},"version":2}`,
	} {
		if lines[i] != want {
			t.Errorf("line %d is\n%s, want\n%s", i+1, lines[i], want)
		}
	}
	for _, want := range []string{
		`"obj":{"path":["parameters","train","epochs"],"type":"AssignInt","value":100}`, `"obj":{"path":["parameters","one"],"type":"AssignFloat","value":1.0}`,
		`"obj":{"path":["train","loss"],"type":"LogFloats","values":[{"step":2,"ts":1700000002.123,"value":0.5}]}`,
		`"obj":{"path":["sys","tags"],"type":"AddStrings","values":["pets","vgg16"]}`,
		`"type":"UploadFile"`,
	} {
		if !strings.Contains(string(log), want) {
			t.Errorf("there is no %s", want)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "last_ack_version"), put, 0o644); err != nil { // uploaded
		t.Fatal(err)
	}
	sink, _, err := neptune.New(neptune.Options{}, r.dir, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	remote, err := sink.Open(context.Background(), r.info(track.Remote{ID: "x", Has: map[string]string{"folder": filepath.Base(folder)}}))
	if err != nil || remote.Has["folder"] == filepath.Base(folder) {
		t.Errorf("after an upload it goes on in %v, %v", remote, err)
	}
	sink.Close(context.Background())
}

// TestRealClient uploads an offline folder with the real client, whose program is named by
// EURYALE_NEPTUNE, and compares what arrives.
func TestRealClient(t *testing.T) {
	client := os.Getenv("EURYALE_NEPTUNE")
	if client == "" {
		t.Skip("EURYALE_NEPTUNE does not name the program neptune")
	}
	s, r := server(t), newRun(t)
	folder := offline(t, r)
	c := exec.Command(client, "sync", "--path", r.dir, "--project", "ws/pets")
	c.Env = append(os.Environ(), "NEPTUNE_API_TOKEN="+s.Token(), "OAUTHLIB_INSECURE_TRANSPORT=1", "NEPTUNE_ALLOW_SELF_SIGNED_CERTIFICATE=1")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	r.check(t, s, "a telling name")
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the client left the folder: %v", err)
	}
}
