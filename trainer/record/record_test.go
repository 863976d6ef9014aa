package record_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	_ "github.com/euryale-ml/euryale/track/all"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/trainer/record"
)

// tiny is a run of two epochs on drawn animals.
func tiny() config.Config {
	c := config.Default()
	c.Name, c.Model.Name = "a telling name", "resnet50d"
	c.Data.Set, c.Data.DrawnClasses, c.Data.DrawnImages, c.Data.Batch = "drawn", 2, 2, 4
	c.Data.Resize, c.Data.Crop, c.Train.Epochs = 32, 32, 2
	if err := c.Set("neptune.tags", "mine"); err != nil {
		panic(err)
	}
	return c
}

func TestHook(t *testing.T) {
	dir := t.TempDir()
	figures := filepath.Join(dir, "run", run.FiguresDir)
	c := tiny()
	var kept track.Memory
	tr, err := trainer.FromConfig(c, trainer.WithDir(filepath.Join(dir, "run")), trainer.WithHooks(
		trainer.Hook{Name: "draws", Epoch: func(e trainer.EpochEvent) error {
			os.MkdirAll(figures, 0o755)
			os.WriteFile(filepath.Join(figures, "show_batch_after.png"), nil, 0o644)
			return os.WriteFile(filepath.Join(figures, "show_batch_before.png"), nil, 0o644)
		}},
		trainer.Hook{Name: "measures", Measure: func(e trainer.EpochEvent) (map[string]float64, error) {
			return map[string]float64{"own": float64(e.Epoch), "bad": math.NaN()}, nil
		}},
		record.Hook(&kept, filepath.Join(dir, "run"), c)))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	r, err := tr.Fit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	k := kept.Snapshot()
	if len(k.Points) != 4 || k.Points[0].Values["train/lr"] != 1e-3 || k.Points[3].Values["test/accuracy"] != r.Last.Accuracy || k.Points[3].Step != 2 {
		t.Errorf("points %+v", k.Points)
	}
	if k.Params["optim.lr"] != 1e-3 || k.Params["data.shuffle"] != true || k.Params["model.name"] != "resnet50d" || k.Params["summary.best.accuracy"] != r.Best.Accuracy ||
		k.Params["summary.last.top5_accuracy"] != r.Last.Top5Accuracy || k.Points[3].Values["test/top5_accuracy"] != r.Last.Top5Accuracy {
		t.Errorf("params %v", k.Params)
	}
	if _, bad := k.Points[3].Values["test/bad"]; bad || k.Points[3].Values["test/own"] != 2 || k.Params["summary.last.own"] != 2.0 {
		t.Errorf("metrics of a hook: %v, %v", k.Points[3].Values, k.Params["summary.last.own"])
	}
	if got := strings.Join(k.Tags, " "); got != "mine resnet50d drawn" || k.Status != "finished" {
		t.Errorf("tags %s, status %s", got, k.Status)
	}
	if k.Images["figures/show_batch_before"] == "" || k.Images["figures/show_batch_after"] == "" || k.Files[record.BestWeights] == "" {
		t.Errorf("images %v, files %v", k.Images, k.Files)
	}
	if k.Texts["config"] != string(c.YAML()) {
		t.Errorf("config.yaml as a text: %s", k.Texts["config"])
	}
}

// counting is a Tracker that counts values that are not finite, as an outbox does.
type counting struct {
	track.Memory
	n int
}

func (c *counting) NonFinite(n int) { c.n += n }

// TestNonFinite has values of an epoch that are not finite: trackers that count get their
// number, also those in a Multi, and none gets the values.
func TestNonFinite(t *testing.T) {
	var alone, among counting
	var other track.Memory
	for _, to := range []track.Tracker{&alone, track.Multi{&other, &among}} {
		h := record.Hook(to, "", tiny())
		more, err := run.NewMetrics(map[string]float64{"own": math.Inf(1), "good": 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(
			h.Step(trainer.StepEvent{Point: run.Point{Step: 1, Loss: math.Inf(1), Accuracy: math.NaN(), BalancedAccuracy: 1, LR: 1}}),
			h.Epoch(trainer.EpochEvent{Step: 1, Test: run.Scores{Point: run.Point{Loss: math.NaN(), Accuracy: 1, BalancedAccuracy: 1}, Top5Accuracy: math.NaN(), Metrics: more}}),
			h.Epoch(trainer.EpochEvent{Step: 2, Test: run.Scores{Top5Accuracy: 1}}),
		); err != nil {
			t.Fatal(err)
		}
	}
	if alone.n != 4 || among.n != 4 {
		t.Errorf("%d and %d values are not finite, want 4", alone.n, among.n)
	}
	for _, k := range []track.Kept{alone.Snapshot(), other.Snapshot()} {
		if len(k.Points) != 3 || len(k.Points[0].Values) != 2 || len(k.Points[1].Values) != 3 || len(k.Points[2].Values) != 4 {
			t.Errorf("%+v", k.Points)
		}
	}
}

// A program that trains by itself tells its run to a tracker by a hook. An outbox of a
// service takes the place of the Memory.
func Example() {
	c := tiny()
	var kept track.Memory
	t, err := trainer.FromConfig(c, trainer.WithHooks(record.Hook(&kept, "", c)))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	if _, err := t.Fit(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	k := kept.Snapshot()
	fmt.Println(len(k.Points), "points,", k.Params["optim.momentum"], k.Status)
	// Output: 4 points, 0.9 finished
}
