package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/live"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

func listen(t testing.TB, o live.Options) *live.Server {
	t.Helper()
	s, err := live.Listen("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// get asks for a path under a host's name.
func get(t testing.TB, s *live.Server, method, path, host string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL()+strings.TrimPrefix(path, "/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a, string(body)
}

// told is the contents of state.json.
type told struct {
	Name, Config, Status, Device string
	Epoch, Epochs, Step, Steps   int
	Train, Test                  []map[string]*float64
	BestEpoch                    int     `json:"best_epoch"`
	BestAccuracy                 float64 `json:"best_accuracy"`
	TrainTotal                   int     `json:"train_total"`
	SecondsLeft                  float64 `json:"seconds_left"`
	ImagesPerSecond              float64 `json:"images_per_second"`
}

func state(t testing.TB, s *live.Server, query string) (v told) {
	t.Helper()
	a, body := get(t, s, "GET", "/state.json"+query, "")
	if err := json.Unmarshal([]byte(body), &v); err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s: %v", a.StatusCode, body, err)
	}
	return v
}

func TestRun(t *testing.T) {
	c := config.Default()
	c.Name, c.Model.Name, c.Threads = "a run", "resnet50d", 1
	c.Data.Set, c.Data.DrawnClasses, c.Data.DrawnImages, c.Data.Batch, c.Data.Resize, c.Data.Crop = "drawn", 2, 4, 4, 32, 32
	c.Train.Epochs = 2
	drawn := 0
	s := listen(t, live.Options{Name: c.Name, Config: "seed: 42", Batch: func(epoch int) (image.Image, error) {
		drawn++
		return image.NewRGBA(image.Rect(0, 0, 7, epoch)), nil
	}})
	if v := state(t, s, ""); v.Status != "starting" || v.Config != "seed: 42" || v.Train == nil || v.Test == nil || v.SecondsLeft != -1 {
		t.Errorf("before the run: %+v", v)
	}
	tr, err := trainer.FromConfig(c, trainer.WithHooks(s.Hook(), trainer.Hook{Epoch: func(trainer.EpochEvent) error {
		if v := state(t, s, "?from=1"); v.Status != "running" || v.Config != "" || len(v.Train) != v.TrainTotal-1 {
			t.Errorf("while it runs: %+v", v)
		}
		a, body := get(t, s, "GET", "/batch.png", "")
		if p, err := png.DecodeConfig(strings.NewReader(body)); err != nil || p.Width != 7 || a.Header.Get("Content-Type") != "image/png" {
			t.Errorf("the batch: %v, %v", p, err)
		}
		get(t, s, "GET", "/batch.png", "")
		return nil
	}}))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	v := state(t, s, "")
	if v.Status != "finished" || v.Epoch != 2 || v.Epochs != 2 || v.Step != 4 || v.Steps != 4 || len(v.Train) != 4 || len(v.Test) != 2 {
		t.Errorf("after the run: %+v", v)
	}
	if best := tr.Best(); v.BestEpoch != best.Epoch || v.BestAccuracy != best.Accuracy {
		t.Errorf("the best is %v in epoch %d, want %+v", v.BestAccuracy, v.BestEpoch, best)
	}
	if lr := v.Train[3]["lr"]; lr == nil || *lr != 1e-3 || *v.Train[3]["step"] != 4 {
		t.Errorf("the last step: %v", v.Train[3])
	}
	if drawn != 2 {
		t.Errorf("the batch was drawn %d times in 2 epochs", drawn)
	}
}

// TestNotFinite puts numbers that JSON cannot hold into every place of the state, in the
// middle of a history: the state stays complete, with null in their places.
func TestNotFinite(t *testing.T) {
	for _, bad := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		for name, set := range map[string]func(*trainer.StepEvent){
			"loss": func(e *trainer.StepEvent) { e.Loss = bad }, "accuracy": func(e *trainer.StepEvent) { e.Accuracy = bad },
			"balanced_accuracy": func(e *trainer.StepEvent) { e.BalancedAccuracy = bad }, "lr": func(e *trainer.StepEvent) { e.LR = bad },
			"images_per_second": func(e *trainer.StepEvent) { e.ImagesPerSecond = bad },
		} {
			s := listen(t, live.Options{})
			h := s.Hook()
			for step := 1; step <= 3; step++ {
				e := trainer.StepEvent{Point: run.Point{Step: step, Loss: 1, LR: 2, ImagesPerSecond: 100}, Time: time.Unix(int64(step), 0)}
				if step == 2 {
					set(&e)
				}
				h.Step(e)
			}
			h.Epoch(trainer.EpochEvent{Epoch: 1, Step: 3, Test: run.Scores{Point: run.Point{Loss: bad, Accuracy: bad, BalancedAccuracy: bad}}})
			v := state(t, s, "")
			if len(v.Train) != 3 || v.Train[1][name] != nil || v.Train[0][name] == nil || v.Train[2]["loss"] == nil || *v.Train[2]["lr"] != 2 {
				t.Errorf("%s = %v: %+v", name, bad, v.Train)
			}
			if len(v.Test) != 1 || v.Test[0]["loss"] != nil || v.Test[0]["accuracy"] != nil || v.ImagesPerSecond != 100 {
				t.Errorf("%s = %v: test %v, %v images a second", name, bad, v.Test, v.ImagesPerSecond)
			}
		}
	}
	s := listen(t, live.Options{})
	if a, _ := get(t, s, "GET", "/batch.png", ""); a.StatusCode != http.StatusNotFound {
		t.Errorf("a batch that nobody draws: %d", a.StatusCode)
	}
}

// TestSlowBrowser has browsers that ask for a long history and read nothing of it: steps
// continue, another browser is served, and Close does not wait for them.
func TestSlowBrowser(t *testing.T) {
	s := listen(t, live.Options{Name: "x"})
	h := s.Hook()
	step := func(n int) { h.Step(trainer.StepEvent{Point: run.Point{Step: n, Loss: 1}, Time: time.Now()}) }
	for n := range 50000 {
		step(n + 1)
	}
	address := strings.Trim(strings.TrimPrefix(s.URL(), "http://"), "/")
	for range 4 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET /state.json HTTP/1.1\r\nHost: %s\r\n\r\n", address)
	}
	half, err := net.Dial("tcp", address) // one that never ends its request
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	fmt.Fprint(half, "GET / HT")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range 1000 {
			step(50001 + n)
		}
		if v := state(t, s, "?from=50990"); v.TrainTotal != 51000 || len(v.Train) != 10 {
			t.Errorf("%d of %d steps", len(v.Train), v.TrainTotal)
		}
		s.Close()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("a browser that does not read holds up the run")
	}
}

// TestPictureThatFails has batches that cannot be drawn.
func TestPictureThatFails(t *testing.T) {
	for name, draw := range map[string]func(int) (image.Image, error){
		"error": func(int) (image.Image, error) { return nil, errors.New("no") }, "panic": func(int) (image.Image, error) { panic("no") },
		"nothing": func(int) (image.Image, error) { return nil, nil },
	} {
		s := listen(t, live.Options{Batch: draw})
		for range 2 {
			if a, _ := get(t, s, "GET", "/batch.png", ""); a.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", name, a.StatusCode)
			}
		}
	}
}

// TestOthers asks as other pages and programs might.
func TestOthers(t *testing.T) {
	s := listen(t, live.Options{Name: "x"})
	port := s.URL()[strings.LastIndex(s.URL(), ":")+1 : len(s.URL())-1]
	for _, c := range []struct {
		method, path, host string
		status             int
	}{
		{"GET", "/", "", 200}, {"HEAD", "/", "", 200}, {"GET", "/", "localhost:" + port, 200}, {"GET", "/", "[::1]:" + port, 200},
		{"GET", "/", "evil.example", 403}, {"GET", "/state.json", "evil.example:" + port, 403}, {"GET", "/state.json", "127.0.0.1.evil.example", 403},
		{"POST", "/", "", 405}, {"DELETE", "/state.json", "", 405}, {"GET", "/../etc/passwd", "", 404}, {"GET", "/other", "", 404},
		{"GET", "/state.json?from=-1", "", 200}, {"GET", "/state.json?from=99999999999999999999", "", 200}, {"GET", "/state.json?from=x", "", 200},
	} {
		a, _ := get(t, s, c.method, c.path, c.host)
		if a.StatusCode != c.status {
			t.Errorf("%s %s as %q: %d, want %d", c.method, c.path, c.host, a.StatusCode, c.status)
		}
		if c.status == 200 && (a.Header.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'")) {
			t.Errorf("%s: headers %v", c.path, a.Header)
		}
	}
	_, page := get(t, s, "GET", "/", "")
	if outside := regexp.MustCompile(`(?i)(src|href|url\(|import)\s*[=(]?\s*["']?(https?:)?//`).FindString(page); outside != "" {
		t.Errorf("the page asks for %q", outside)
	}
}

func TestAddresses(t *testing.T) {
	taken := listen(t, live.Options{})
	port := taken.URL()[strings.LastIndex(taken.URL(), ":")+1 : len(taken.URL())-1]
	for _, address := range []string{"", "6060", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "127.0.0.1:-1", "127.0.0.1:" + port, "256.0.0.1:0"} {
		if s, err := live.Listen(address, live.Options{}); !errors.Is(err, live.ErrAddress) {
			t.Errorf("%q: %v", address, err)
			s.Close()
		}
	}
	s, err := live.Listen(":0", live.Options{Name: "closed at once"})
	if err != nil || !s.Loopback() {
		t.Errorf("without a host: %v", err)
	}
	s.Close()
	if a, err := http.Get(s.URL() + "state.json"); err == nil { // another program may have the port now
		body, _ := io.ReadAll(a.Body)
		a.Body.Close()
		if strings.Contains(string(body), "closed at once") {
			t.Error("answers after Close")
		}
	}
	if s, err = live.Listen("0.0.0.0:0", live.Options{}); err == nil {
		if s.Loopback() {
			t.Error("0.0.0.0 is for this machine alone")
		}
		s.Close()
	}
}

// A page for a run of a user's program.
func Example() {
	s, err := live.Listen("127.0.0.1:0", live.Options{Name: "my run"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	hook := s.Hook() // for trainer.Config.Hooks, or AddHook
	fmt.Println(hook.Name, strings.HasPrefix(s.URL(), "http://127.0.0.1:"))
	// Output: live page true
}
