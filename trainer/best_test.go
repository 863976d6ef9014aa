package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// unsound makes the test loss of some epochs NaN, while all weights and statistics are
// finite: a variance below 0 has no root.
func unsound(tr **trainer.Trainer, epochs ...int) trainer.Hook {
	write := func(v float32) error {
		return (*tr).Session().State().Write("norm.running_var", slices.Repeat([]float32{v}, 16))
	}
	return trainer.Hook{Name: "unsound", Step: func(e trainer.StepEvent) error {
		switch {
		case e.Batch == 3 && slices.Contains(epochs, e.Epoch):
			return write(-1)
		case e.Batch == 1 && slices.Contains(epochs, e.Epoch-1):
			return write(1)
		}
		return nil
	}}
}

// TestATestLossThatIsNotFinite trains through epochs whose test loss is NaN: they are
// recorded, with a warning, and never the best.
func TestATestLossThatIsNotFinite(t *testing.T) {
	best := func(dir string) string { return filepath.Join(dir, run.CheckpointDir, run.BestFile) }
	for _, c := range []struct {
		epochs   []int
		patience int
		done     int
		best     bool
	}{
		{[]int{1}, 0, 3, true}, {[]int{1, 2}, 0, 3, true}, {[]int{2, 3}, 0, 3, true}, {[]int{1, 2, 3}, 0, 3, false}, {[]int{1, 2, 3}, 2, 2, false},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		var tr *trainer.Trainer
		var logged bytes.Buffer
		events := 0
		tr = start(t, func(config *trainer.Config) {
			config.Dir, config.Patience, config.Logger = dir, c.patience, slog.New(slog.NewTextHandler(&logged, nil))
			config.Hooks = []trainer.Hook{unsound(&tr, c.epochs...), {Epoch: func(e trainer.EpochEvent) error {
				events++
				if bad := slices.Contains(c.epochs, e.Epoch); bad != math.IsNaN(e.Test.Loss) || bad && e.Best {
					t.Errorf("%v: epoch %d: %+v, best %v", c.epochs, e.Epoch, e.Test, e.Best)
				}
				if _, err := os.Stat(best(dir)); err == nil && slices.Contains(c.epochs, 1) && e.Epoch == 2 {
					t.Errorf("%v: best.safetensors is of an epoch without a finite test loss", c.epochs)
				}
				return nil
			}}}
		})
		r, err := tr.Fit(context.Background())
		if err != nil || r.Status != run.Finished || r.Epochs != c.done || events != c.done || r.StoppedEarly != (c.patience > 0) {
			t.Fatalf("%v: %v %+v", c.epochs, err, r)
		}
		tr.Close()
		if n := strings.Count(logged.String(), "level=WARN msg=\"the test loss is not finite"); n != min(len(c.epochs), c.done) {
			t.Errorf("%v: %d warnings: %s", c.epochs, n, logged.String())
		}
		_, err = os.Stat(best(dir))
		if (err == nil) != c.best || (r.Best != nil) != c.best || r.Best != nil && slices.Contains(c.epochs, r.Best.Epoch) {
			t.Errorf("%v: best %+v, %v", c.epochs, r.Best, err)
		}
		read, err := run.Folder(dir).Report()
		if err != nil || (read.Best != nil) != c.best || math.IsNaN(read.Last.Loss) != slices.Contains(c.epochs, c.done) {
			t.Errorf("%v: summary %+v, %v", c.epochs, read, err)
		}
		data, err := os.ReadFile(filepath.Join(dir, run.LinesFile))
		if n := strings.Count(string(data), `"loss":null`); err != nil || n != min(len(c.epochs), c.done) {
			t.Errorf("%v: %d losses are null, %v", c.epochs, n, err)
		}
		again := start(t, func(config *trainer.Config) { config.Dir, config.Resume, config.Patience = dir, true, c.patience })
		if r, err := again.Fit(context.Background()); err != nil || r.Status != run.Finished || r.Steps != 3*c.done {
			t.Errorf("%v: resumed: %v %+v", c.epochs, err, r)
		}
		again.Close()
	}
}

// TestNoBestYetResumed stops a run after its first epoch, which cannot be the best, and
// resumes it.
func TestNoBestYetResumed(t *testing.T) {
	train := func(dir string, stop, resume bool) *run.Report {
		var tr *trainer.Trainer
		ctx, cancel := stopAfter(4)
		tr = start(t, func(c *trainer.Config) {
			c.Dir, c.Resume, c.Hooks = dir, resume, []trainer.Hook{unsound(&tr, 1)}
			if stop {
				cancel(c)
			}
		})
		r, err := tr.Fit(ctx)
		if err != nil && !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		tr.Close()
		return r
	}
	whole, dir := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	train(whole, false, false)
	if r := train(dir, true, false); r.Best != nil || r.Status != run.Interrupted {
		t.Fatalf("%+v", r)
	}
	train(dir, false, true)
	compareRuns(t, dir, whole, "resumed without a best epoch")
}

// measured is a hook that measures values by the epoch.
func measured(name string, values ...float64) trainer.Hook {
	return trainer.Hook{Name: "measures " + name, Measure: func(e trainer.EpochEvent) (map[string]float64, error) {
		if e.Confusion == nil || e.Test.Step != e.Step {
			return nil, errors.New("the event is not complete")
		}
		return map[string]float64{name: values[e.Epoch-1]}, nil
	}}
}

// TestBestBy chooses the best epoch by metrics of the run and of a hook.
func TestBestBy(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		by       string
		values   []float64
		best     int // 0: none; -1: by what the run itself measured
		patience int
		epochs   int
	}{
		{"f1", []float64{0.1, 0.3, 0.2}, 2, 0, 3}, {"min:f1", []float64{0.3, 0.1, 0.2}, 2, 0, 3}, {"f1", []float64{0.3, 0.3, 0.3}, 1, 0, 3},
		{"f1", []float64{nan, 0.1, math.Inf(1)}, 2, 0, 3}, {"f1", []float64{nan, nan, nan}, 0, 0, 3}, {"min:f1", []float64{1, 2, 3}, 1, 1, 2},
		{"f1", []float64{nan, nan, 1}, 0, 2, 2}, {"loss", nil, -1, 0, 3}, {"balanced_accuracy", nil, -1, 0, 3}, {"top5_accuracy", nil, 1, 0, 3},
	} {
		what := fmt.Sprintf("by %s, %v", c.by, c.values)
		dir, r := undisturbed(t, func(config *trainer.Config) {
			betterAndBetter(config)
			config.Best, config.Patience = c.by, c.patience
			if c.values != nil {
				config.Hooks = []trainer.Hook{measured("f1", c.values...)}
			}
		})
		lines, err := run.Folder(dir).Lines()
		if err != nil {
			t.Fatal(err)
		}
		var values []float64
		for _, l := range lines {
			switch {
			case l.Kind != run.EpochLine:
			case c.values != nil:
				v, ok := l.Metrics.Get("f1")
				if want := c.values[l.Epoch-1]; !ok || v != want && !math.IsNaN(v) {
					t.Errorf("%s: epoch %d has %v, %v", what, l.Epoch, v, ok)
				}
			case c.by == "loss":
				values = append(values, -l.Loss)
			case c.by == "balanced_accuracy":
				values = append(values, l.BalancedAccuracy)
			}
		}
		if c.best < 0 {
			c.best = 1 + slices.Index(values, slices.Max(values))
		}
		if r.Epochs != c.epochs || (r.Best == nil) != (c.best == 0) || r.Best != nil && r.Best.Epoch != c.best || r.BestBy != c.by {
			t.Errorf("%s: %d epochs, best %+v by %q, want epoch %d", what, r.Epochs, r.Best, r.BestBy, c.best)
		}
		if r.Best != nil {
			if got := stepOfFile(t, filepath.Join(dir, run.CheckpointDir, run.BestFile)); got != fmt.Sprint(r.Best.Step) {
				t.Errorf("%s: best.safetensors is of step %s", what, got)
			}
			if read, err := run.Folder(dir).Report(); err != nil || *read.Best != *r.Best {
				t.Errorf("%s: summary %+v, %v", what, read, err)
			}
		}
	}
}

// TestBestByNothing has metrics to judge by that no hook measures.
func TestBestByNothing(t *testing.T) {
	for by, c := range map[string]struct {
		hooks []trainer.Hook
		want  string
		steps int
	}{
		"f1":     {nil, "no hook measures more", 0},
		"auc":    {[]trainer.Hook{measured("f1", 1, 1, 1)}, "no hook measured auc in epoch 1; measured: f1", 3},
		"f2":     {[]trainer.Hook{{Measure: func(trainer.EpochEvent) (map[string]float64, error) { panic("x") }}}, "measured: none", 3},
		"min:":   {nil, "Config.Best", -1},
		"a b":    {nil, `"a b"`, -1},
		"min:lr": {nil, "use it already", -1},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		train, test, config := setUp(t, func(config *trainer.Config) { config.Dir, config.Best, config.Hooks = dir, by, c.hooks })
		tr, err := trainer.New(newTiny(4), train, test, config)
		if err == nil {
			var r *run.Report
			r, err = tr.Fit(context.Background())
			tr.Close()
			if r.Status != run.Failed || r.Steps != c.steps {
				t.Errorf("%q: %+v", by, r)
			}
			if c.steps > 0 && stepOf(t, dir) != fmt.Sprint(c.steps) {
				t.Errorf("%q: the epoch was not saved", by)
			}
		} else if c.steps >= 0 {
			t.Errorf("%q: an error of New: %v", by, err)
		}
		if !errors.Is(err, trainer.ErrConfig) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", by, err, c.want)
		}
	}
}

// TestTheTrainMeanOfAnEpoch stops a run in each step and resumes it: the event of the epoch
// has the mean over all its images, as the log has it.
func TestTheTrainMeanOfAnEpoch(t *testing.T) {
	for _, accumulate := range []int{1, 2} {
		for step := range 7 {
			dir := filepath.Join(t.TempDir(), "run")
			var seen []run.TrainEpoch
			train := func(stop int, resume bool) {
				ctx, cancel := stopAfter(stop)
				tr := start(t, func(c *trainer.Config) {
					c.Dir, c.Resume, c.Accumulate = dir, resume, accumulate
					cancel(c)
					c.Hooks = append(c.Hooks, trainer.Hook{Epoch: func(e trainer.EpochEvent) error { seen = append(seen, e.Train); return nil }})
				})
				if _, err := tr.Fit(ctx); err != nil && !errors.Is(err, errStop) {
					t.Fatal(err)
				}
				tr.Close()
			}
			if step > 0 {
				train(step, false)
			}
			train(0, step > 0)
			lines, err := run.Folder(dir).Lines()
			if err != nil {
				t.Fatal(err)
			}
			if want := run.TrainEpochs(lines); !slices.Equal(seen, want) || len(want) != 3 {
				t.Errorf("accumulate %d, stopped after step %d: %+v, the log has %+v", accumulate, step, seen, want)
			}
			var sum, images float64
			for _, l := range lines {
				if l.Kind == run.StepLine && l.Epoch == 2 {
					sum, images = sum+l.Loss*float64(l.Images), images+float64(l.Images)
				}
			}
			if images != 20 || math.Abs(seen[1].Loss-sum/images) > 1e-12 {
				t.Errorf("accumulate %d, stopped after step %d: the mean over %v images is %v, want %v", accumulate, step, images, seen[1].Loss, sum/images)
			}
		}
	}
}
