package trainer_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// TestDeferredIsImmediate compares the two plans of update bit by bit: a limit that
// clips nothing changes nothing.
func TestDeferredIsImmediate(t *testing.T) {
	for name, o := range map[string]optim.Optimizer{
		"sgd":      optim.SGD{LR: 0.05, Momentum: 0.9, WeightDecay: 1e-4},
		"nesterov": optim.SGD{LR: 0.05, Momentum: 0.9, Nesterov: true},
		"plain":    optim.SGD{LR: 0.05},
		"adamw":    optim.AdamW{LR: 0.01, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, WeightDecay: 0.01},
	} {
		immediate, _ := undisturbed(t, func(c *trainer.Config) { c.Optimizer = o })
		deferred, _ := undisturbed(t, func(c *trainer.Config) { c.Optimizer, c.ClipNorm = o, 1e6 })
		if string(weights(t, immediate)) != string(weights(t, deferred)) {
			t.Errorf("%s: the weights differ", name)
		}
	}
}

// everything turns on all that a checkpoint must hold.
func everything(c *trainer.Config) {
	c.Optimizer = optim.AdamW{LR: 0.01, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, WeightDecay: 0.01}
	c.ClipNorm, c.Accumulate, c.EMA, c.SaveEverySteps = 0.5, 2, 0.9, 1
}

// TestResumeWithEverything stops after each step and resumes to the same bits.
func TestResumeWithEverything(t *testing.T) {
	whole, r := undisturbed(t, everything)
	if r.Steps != 6 { // 3 batches an epoch make 2 steps
		t.Fatalf("%d steps in 3 epochs", r.Steps)
	}
	for stop := 1; stop < r.Steps; stop++ {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancelCause(context.Background())
		tr := start(t, func(c *trainer.Config) {
			everything(c)
			c.Dir = dir
			c.Hooks = append(c.Hooks, trainer.Hook{Step: func(e trainer.StepEvent) error {
				if e.GradientNorm <= 0 {
					t.Errorf("step %d: the norm is %v", e.Step, e.GradientNorm)
				}
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
		tr = start(t, func(c *trainer.Config) { everything(c); c.Dir, c.Resume = dir, true })
		if _, err := tr.Fit(context.Background()); err != nil {
			t.Fatal(err)
		}
		tr.Close()
		if string(weights(t, dir)) != string(weights(t, whole)) {
			t.Errorf("stopped after %d: the final weights differ", stop)
		}
		sameMetrics(t, dir, whole)
	}
}

func TestStepPlans(t *testing.T) {
	dev := start(t, nil).Device()
	session := func(c trainer.SessionConfig) (*trainer.Session, error) {
		c.Device, c.Input = dev, [3]int{3, 6, 6}
		return trainer.NewSession(newGolden(), c)
	}
	for _, c := range []trainer.SessionConfig{{ClipNorm: -1}, {EMA: 1}, {EMA: -0.5}} {
		if _, err := session(c); !errors.Is(err, trainer.ErrConfig) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	s, err := session(trainer.SessionConfig{Optimizer: optim.SGD{LR: 0.1}, ClipNorm: 1, Accumulate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	images, labels := goldenBatch(0, 4)
	if _, err := s.Apply(0.1); !errors.Is(err, trainer.ErrConfig) {
		t.Errorf("Apply first: %v", err)
	}
	if _, err := s.Accumulate(images, trainer.Labels(labels), 0.5); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Train(images, trainer.Labels(labels), 0.1); !errors.Is(err, trainer.ErrConfig) {
		t.Errorf("Train between: %v", err)
	}
	text, err := s.Explain(4)
	if err != nil || !strings.Contains(text, "SumSquares") || !strings.Contains(text, "SGD") {
		t.Errorf("%v: %s", err, text)
	}
	images[0] = float32(math.NaN())
	before, _ := s.Tensors()
	if _, err := s.Accumulate(images, trainer.Labels(labels), 0.5); err == nil {
		_, err = s.Apply(0.1)
		if !errors.Is(err, trainer.ErrDiverged) {
			t.Errorf("a norm that is not finite: %v", err)
		}
	}
	after, _ := s.Tensors()
	if before[0].Data.([]float32)[0] != after[0].Data.([]float32)[0] {
		t.Error("a norm that is not finite changed the weights")
	}
}
