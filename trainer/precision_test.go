package trainer_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// inBFloat16 is everything that a checkpoint must hold, in that precision.
func inBFloat16(c *trainer.Config) {
	everything(c)
	c.Precision = device.BFloat16
}

// TestBFloat16Resumes stops a run after each step and resumes to the same bits, with any
// number of threads; its summary names the precision.
func TestBFloat16Resumes(t *testing.T) {
	want, r := undisturbed(t, func(c *trainer.Config) { inBFloat16(c); c.Device = testdevice.Open(t, device.Options{Threads: 1}) })
	if r.Precision != "bfloat16" {
		t.Errorf("the report says %s", r.Precision)
	}
	for stop := 1; stop < r.Steps; stop++ {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancelCause(context.Background())
		tr := start(t, func(c *trainer.Config) {
			inBFloat16(c)
			c.Dir = dir
			c.Hooks = append(c.Hooks, trainer.Hook{Step: func(e trainer.StepEvent) error {
				if e.Step == stop {
					cancel(errStop)
				}
				return nil
			}})
		})
		if _, err := tr.Fit(ctx); !errors.Is(err, errStop) {
			t.Fatalf("stopped after %d: %v", stop, err)
		}
		tr.Close()
		resume(t, dir, inBFloat16)
		if string(weights(t, dir)) != string(weights(t, want)) {
			t.Errorf("stopped after %d: the final weights differ", stop)
		}
		sameMetrics(t, dir, want)
	}
}

// TestBFloat16IsAnotherPrecision compares a run with that of float32: other bits, nearly
// the same losses, and files of float32 that either opens.
func TestBFloat16IsAnotherPrecision(t *testing.T) {
	half, _ := undisturbed(t, func(c *trainer.Config) { c.Precision = device.BFloat16 })
	single, _ := undisturbed(t, nil)
	if string(weights(t, half)) == string(weights(t, single)) {
		t.Error("the weights are those of float32: nothing was rounded")
	}
	f, err := checkpoint.Read(filepath.Join(half, run.CheckpointDir, run.LastFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range f.Tensors {
		if values, ok := x.Data.([]float32); ok {
			fine := false
			for _, v := range values {
				fine = fine || math.Float32bits(v)&0xffff != 0
			}
			if !fine && strings.HasSuffix(x.Name, ".weight") {
				t.Errorf("%s has no more digits than bfloat16: the masters are not float32", x.Name)
			}
		} else if strings.HasSuffix(x.Name, ".weight") {
			t.Errorf("%s is a %T", x.Name, x.Data)
		}
	}
	tr := start(t, nil)
	if err := tr.LoadModel(half, trainer.LoadOptions{}); err != nil {
		t.Errorf("into a model of float32: %v", err)
	}
	tr.Close()
	tr = start(t, func(c *trainer.Config) { c.Precision = device.BFloat16 })
	if _, err := tr.FindRate(context.Background(), trainer.RateSweep{Steps: 10}); err != nil {
		t.Errorf("learning rates: %v", err)
	}
}

func TestPrecisionIsChecked(t *testing.T) {
	train, test, c := setUp(t, func(c *trainer.Config) { c.Precision = device.Int64 })
	if _, err := trainer.New(newTiny(2), train, test, c); !errors.Is(err, trainer.ErrConfig) || !strings.Contains(err.Error(), "Config.Precision = int64") {
		t.Errorf("a precision of int64: %v", err)
	}
	for _, p := range trainer.Precisions() {
		if got, err := trainer.ParsePrecision(p.String()); got != p || err != nil {
			t.Errorf("%v becomes %v, %v", p, got, err)
		}
	}
	if _, err := trainer.ParsePrecision("half"); !errors.Is(err, trainer.ErrConfig) {
		t.Errorf("half is a precision: %v", err)
	}
}

// TestTorchTrainingInBFloat16 follows PyTorch's losses in float64 from step to step, as
// near as three digits in each activation let it.
func TestTorchTrainingInBFloat16(t *testing.T) {
	data, err := os.ReadFile("testdata/training.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Losses, Norms []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	sgd := optim.SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-2, Groups: []optim.Group{optim.NoBiasDecay()}}
	for name, c := range map[string]struct {
		config trainer.SessionConfig
		parts  []int
	}{
		"plain":               {trainer.SessionConfig{Optimizer: sgd}, []int{4}},
		"accumulate and clip": {trainer.SessionConfig{Optimizer: sgd, Accumulate: true, ClipNorm: 0.3}, []int{3, 3}},
	} {
		want := cases[name]
		c.config.Device, c.config.Input, c.config.Precision = testdevice.Open(t, device.Options{Threads: 2}), [3]int{3, 6, 6}, device.BFloat16
		s, err := trainer.NewSession(newGolden(), c.config)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		setGolden(t, s, false)
		for i := range want.Losses {
			loss, norm := goldenStep(t, s, i, c.parts, c.config.Accumulate)
			if d := math.Abs(loss - want.Losses[i]); !(d <= 0.02) || d < 1e-7 {
				t.Errorf("%s, step %d: loss %v, PyTorch in float64 %v", name, i+1, loss, want.Losses[i])
			}
			if len(want.Norms) > 0 && !(math.Abs(norm-want.Norms[i]) <= 0.05*want.Norms[i]) {
				t.Errorf("%s, step %d: norm %v, PyTorch in float64 %v", name, i+1, norm, want.Norms[i])
			}
		}
	}
}
