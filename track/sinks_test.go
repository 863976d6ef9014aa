package track_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/track/mlflow"
	"github.com/euryale-ml/euryale/track/neptune"
	"github.com/euryale-ml/euryale/track/neptune/neptunetest"
	"github.com/euryale-ml/euryale/track/tensorboard"
)

// sinksOf makes each Sink for a run's folder, with what its service has got in the end.
func sinksOf(t *testing.T, dir string) map[string]struct {
	sink track.Sink
	got  func() map[string]float64
} {
	t.Helper()
	server := neptunetest.New()
	t.Cleanup(server.Close)
	online, _, err := neptune.New(neptune.Options{Project: "ws/pets"}, dir, func(name string) string {
		return map[string]string{"NEPTUNE_API_TOKEN": server.Token()}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	logged := map[string]float64{}
	flow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "runs/log-batch") {
			var in struct {
				Metrics []struct {
					Key   string
					Value float64
				}
			}
			data, _ := io.ReadAll(r.Body)
			json.Unmarshal(data, &in)
			mu.Lock()
			defer mu.Unlock()
			for _, m := range in.Metrics {
				logged[m.Key] = m.Value
			}
		}
		io.WriteString(w, `{"experiment":{"experiment_id":"1"},"run":{"info":{"run_id":"r","experiment_id":"1"}}}`)
	}))
	t.Cleanup(flow.Close)
	mlflowSink, err := mlflow.New(mlflow.Options{URI: flow.URL}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	type of = struct {
		sink track.Sink
		got  func() map[string]float64
	}
	return map[string]of{
		"neptune": {online, func() map[string]float64 {
			last := map[string]float64{}
			for path, points := range server.Runs()[0].Series {
				last[path] = points[len(points)-1].Value
			}
			return last
		}},
		"mlflow": {mlflowSink, func() map[string]float64 { mu.Lock(); defer mu.Unlock(); return maps.Clone(logged) }},
		"tensorboard": {&tensorboard.Sink{}, func() map[string]float64 {
			last := map[string]float64{}
			files, _ := filepath.Glob(filepath.Join(dir, run.EventsDir, "*"))
			for _, f := range files {
				values, err := tensorboard.ReadFile(f)
				if err != nil {
					t.Error(err)
				}
				for _, v := range values {
					if v.Plugin == "scalars" {
						last[v.Tag] = v.Scalar
					}
				}
			}
			return last
		}},
	}
}

// TestHookMetrics gives each service an epoch with metrics that hooks added: all arrive,
// but one that is not finite, which is counted.
func TestHookMetrics(t *testing.T) {
	added, err := run.NewMetrics(map[string]float64{"f1": 0.75, "latency_ms": 12.5, "broken": math.Inf(1)})
	if err != nil {
		t.Fatal(err)
	}
	lines := []run.Line{
		run.Point{Epoch: 1, Step: 1, Loss: math.NaN(), Accuracy: 0.5, BalancedAccuracy: 0.5, LR: 1}.Line(now),
		run.Scores{Point: run.Point{Epoch: 1, Step: 1, Loss: 2, Accuracy: 0.5, BalancedAccuracy: 0.25}, Top5Accuracy: 1, Metrics: added}.Line(now),
	}
	want := map[string]float64{
		"train/accuracy": 0.5, "train/balanced_accuracy": 0.5, "train/lr": 1,
		"test/loss": 2, "test/accuracy": 0.5, "test/balanced_accuracy": 0.25, "test/top5_accuracy": 1, "test/f1": 0.75, "test/latency_ms": 12.5,
	}
	dir := t.TempDir()
	for name, of := range sinksOf(t, dir) {
		b, err := track.OpenOutbox(of.sink, track.OutboxOptions{Dir: dir, Service: name, Name: "x", MinRetry: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Replay(lines); err != nil {
			t.Error(err)
		}
		b.Finish(context.Background(), "finished")
		if d := b.Delivery(); !d.OK() || d.NonFinite != 2 {
			t.Errorf("%s: %+v", name, d)
		}
		if got := of.got(); !maps.Equal(got, want) {
			t.Errorf("%s: %v\nwant %v", name, got, want)
		}
	}
}
