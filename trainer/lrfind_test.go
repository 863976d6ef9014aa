package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/trainer"
)

// TestFindRate sweeps twice from a fresh run and compares with the rules, and the run's
// weights with those of a run without a sweep.
func TestFindRate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	tr := start(t, func(c *trainer.Config) { c.Dir = dir })
	before, err := tr.Session().Tensors()
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	s := trainer.RateSweep{Min: 1e-4, Max: 100, Steps: 40, Each: func(trainer.RatePoint) { told++ }}
	c, err := tr.FindRate(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := tr.FindRate(context.Background(), s)
	if err != nil || !slices.Equal(c.Points, again.Points) || c.Steepest != again.Steepest || told != 2*len(c.Points) {
		t.Errorf("a second sweep differs: %v, %d of %d points told", err, told, 2*len(c.Points))
	}
	mean, best := 0.0, math.Inf(1)
	for i, p := range c.Points {
		if want := 1e-4 * math.Pow(1e6, float64(i)/39); p.Step != i+1 || math.Abs(p.LR-want) > 1e-9*want {
			t.Errorf("point %d is %+v, want the rate %v", i, p, want)
		}
		mean = 0.95*mean + 0.05*p.Loss
		if want := mean / (1 - math.Pow(0.95, float64(i+1))); math.Abs(p.Smoothed-want) > 1e-9*want {
			t.Errorf("point %d is %+v, want the mean %v", i, p, want)
		}
		if i+1 < len(c.Points) && p.Smoothed > 4*min(best, p.Smoothed) {
			t.Errorf("the sweep went on after %+v, four times %v", p, best)
		}
		best = min(best, p.Smoothed)
	}
	if !c.Diverged || len(c.Points) == 40 {
		t.Errorf("%d points up to a rate of 100, and no divergence", len(c.Points))
	}
	if !(c.Steepest > 1e-4 && c.Steepest < c.Lowest) || c.Tenth() != c.Lowest/10 {
		t.Errorf("steepest %v, lowest %v", c.Steepest, c.Lowest)
	}
	after, err := tr.Session().Tensors()
	if err != nil {
		t.Fatal(err)
	}
	for i := range before {
		if a, ok := before[i].Data.([]float32); ok && !slices.Equal(a, after[i].Data.([]float32)) {
			t.Errorf("%s was changed", before[i].Name)
		}
	}
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	tr.Close()
	other, _ := undisturbed(t, nil)
	if !bytes.Equal(weights(t, dir), weights(t, other)) {
		t.Error("a run after a sweep has other weights")
	}
	if data, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl")); err != nil || strings.Count(string(data), "\n") != 12 {
		t.Errorf("%v, %d lines of metrics", err, strings.Count(string(data), "\n"))
	}
}

// TestFindRateEnds looks at sweeps that see no fall, that are stopped, and that make no
// sense.
func TestFindRateEnds(t *testing.T) {
	tr := start(t, nil)
	c, err := tr.FindRate(context.Background(), trainer.RateSweep{Min: 1e-300, Max: 1e-290, Steps: 10})
	if err != nil || len(c.Points) != 10 || c.Diverged {
		t.Fatalf("%+v, %v", c, err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	_, err = tr.FindRate(ctx, trainer.RateSweep{Each: func(trainer.RatePoint) { cancel(errStop) }})
	if !errors.Is(err, errStop) {
		t.Errorf("stopped: %v", err)
	}
	for says, s := range map[string]trainer.RateSweep{
		"RateSweep.Min = -1":     {Min: -1},
		"RateSweep.Max = 1e-09":  {Max: 1e-9},
		"RateSweep.Max = NaN":    {Max: math.NaN()},
		"RateSweep.Steps = 9":    {Steps: 9},
		"RateSweep.Smoothing":    {Smoothing: 1},
		"RateSweep.Diverged = 1": {Diverged: 1},
	} {
		if _, err := tr.FindRate(context.Background(), s); !errors.Is(err, trainer.ErrConfig) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", s, err, says)
		}
	}
}

// TestFindRateOfDeferredSteps sweeps with accumulation, clipping, a moving average and
// mixup, up to rates at which the gradients are not finite.
func TestFindRateOfDeferredSteps(t *testing.T) {
	for name, change := range map[string]func(c *trainer.Config){
		"accumulate": func(c *trainer.Config) { c.Accumulate = 2 },
		"clip":       func(c *trainer.Config) { c.ClipNorm = 1 },
		"all":        func(c *trainer.Config) { c.Accumulate, c.ClipNorm, c.EMA, c.Mixup = 3, 5, 0.9, 0.2 },
	} {
		tr := start(t, change)
		c, err := tr.FindRate(context.Background(), trainer.RateSweep{Min: 1e-4, Max: 1e30, Steps: 40})
		if err != nil || len(c.Points) < 3 || !c.Diverged {
			t.Errorf("%s: %v, %+v", name, err, c)
		}
	}
	// A step of two batches has the mean of their losses, of the rates that barely train.
	one, err := start(t, nil).FindRate(context.Background(), trainer.RateSweep{Min: 1e-30, Max: 1e-29, Steps: 20})
	if err != nil {
		t.Fatal(err)
	}
	two, err := start(t, func(c *trainer.Config) { c.Accumulate = 2 }).FindRate(context.Background(), trainer.RateSweep{Min: 1e-30, Max: 1e-29, Steps: 10})
	if err != nil {
		t.Fatal(err)
	}
	if want := (one.Points[0].Loss + one.Points[1].Loss) / 2; math.Abs(two.Points[0].Loss-want) > 0.2*want || len(two.Points) != 10 {
		t.Errorf("two batches: loss %v, want about %v", two.Points[0].Loss, want)
	}
}
