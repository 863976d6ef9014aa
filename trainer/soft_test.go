package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/transforms"
)

// mixing turns mixup and random erasing on.
func mixing(c *trainer.Config) {
	c.Mixup, c.Erase = 0.4, transforms.DefaultErasing(0.5)
}

// TestMixedRunsHaveTheSameBits resumes within epochs and changes threads and workers with
// mixup and random erasing on.
func TestMixedRunsHaveTheSameBits(t *testing.T) {
	t.Run("a batch a step", func(t *testing.T) { sameMixedRuns(t, mixing, 1, 5, 7) })
	t.Run("two batches a step", func(t *testing.T) {
		sameMixedRuns(t, func(c *trainer.Config) { mixing(c); c.Accumulate, c.EMA = 2, 0.5 }, 1, 4)
	})
}

func sameMixedRuns(t *testing.T, mixing func(*trainer.Config), steps ...int) {
	whole, report := undisturbed(t, mixing)
	if plain, _ := undisturbed(t, nil); bytes.Equal(weights(t, whole), weights(t, plain)) {
		t.Fatal("mixup and erasing change nothing")
	}
	for _, step := range steps {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, stop := stopAfter(step)
		tr := start(t, func(c *trainer.Config) { mixing(c); c.Dir = dir; stop(c) })
		if _, err := tr.Fit(ctx); !errors.Is(err, errStop) {
			t.Fatal(err)
		}
		tr.Close()
		again := start(t, func(c *trainer.Config) {
			mixing(c)
			c.Dir, c.Resume, c.Workers, c.Device = dir, true, 3, testdevice.Open(t, device.Options{Threads: 3})
		})
		r, err := again.Fit(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		again.Close()
		if !bytes.Equal(weights(t, dir), weights(t, whole)) || *r.Last != *report.Last {
			t.Errorf("resumed after step %d: other weights or scores", step)
		}
		sameMetrics(t, dir, whole)
	}
}

// logits is a network without anything random.
type logits struct {
	Flatten *nn.Flatten
	FC      *nn.Linear
}

func (m *logits) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	return m.FC.Forward(s, m.Flatten.Forward(s, x))
}

// TestTrainOnProbabilities makes steps on probabilities, in both types and with the processor's fast
// kernels, and compares loss and updated weights with Gorgonia's own machine.
func TestTrainOnProbabilities(t *testing.T) {
	const n, classes, lr, smoothing = 5, 37, 0.5, 0.1
	images := make([]float32, n*3*4*4)
	for i := range images {
		images[i] = float32(math.Sin(float64(3 * i)))
	}
	targets := make([]float64, n*classes)
	for i := range n {
		targets[i*classes+i], targets[i*classes+30-i] = 0.3, 0.7
	}
	for dt, tolerance := range map[device.DType]float64{device.Float64: 1e-12, device.Float32: 1e-5} {
		m := &logits{&nn.Flatten{}, &nn.Linear{In: 48, Out: classes}}
		session, err := trainer.NewSession(m, trainer.SessionConfig{
			Device: testdevice.Open(t, device.Options{Threads: 2}), Optimizer: optim.SGD{LR: lr}, Input: [3]int{3, 4, 4}, Smoothing: smoothing, Soft: true, Precision: dt, Seed: 4,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		loss, want := oracle(t, m, session, images, targets, smoothing, lr)
		r, err := session.Train(images, trainer.Probabilities(targets), lr)
		if err != nil || math.Abs(r.Loss-loss) > tolerance {
			t.Fatalf("%v: loss %v, %v, want %v", dt, r.Loss, err, loss)
		}
		for name, w := range want {
			got := stateOf(t, session, name)
			for i := range w {
				if math.Abs(got[i]-w[i]) > tolerance {
					t.Fatalf("%v: %s[%d] = %v, want %v", dt, name, i, got[i], w[i])
				}
			}
		}
	}
}

// stateOf is a tensor of the Session's state dict.
func stateOf(t *testing.T, s *trainer.Session, name string) []float64 {
	t.Helper()
	tensors, err := s.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tensors {
		switch v := x.Data.(type) {
		case []float64:
			if x.Name == name {
				return slices.Clone(v)
			}
		case []float32:
			if x.Name == name {
				return wide(v)
			}
		}
	}
	t.Fatalf("no tensor %s", name)
	return nil
}

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, e := range v {
		out[i] = float64(e)
	}
	return out
}

// oracle is what Gorgonia's machine computes in float64: the loss, and the weights after a
// step of plain SGD.
func oracle(t *testing.T, m nn.Module, s *trainer.Session, images []float32, targets []float64, smoothing, lr float64) (float64, map[string][]float64) {
	t.Helper()
	n := len(targets) / s.Classes()
	g, err := nn.Trace(m, []int{n, 3, 4, 4}, nn.Options{Training: true, DType: tensor.Float64})
	if err != nil {
		t.Fatal(err)
	}
	target, loss, _, err := nn.CrossEntropy{Smoothing: smoothing, Soft: true}.Loss(g)
	if err != nil {
		t.Fatal(err)
	}
	values := map[*gorgonia.Node][]float64{g.Input: wide(images), target: targets}
	var wrt gorgonia.Nodes
	for _, p := range g.Params {
		values[p.Node] = stateOf(t, s, p.Name)
		wrt = append(wrt, p.Node)
	}
	grads, err := gorgonia.Grad(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	for leaf, v := range values {
		if err := gorgonia.Let(leaf, tensor.New(tensor.WithShape(leaf.Shape()...), tensor.WithBacking(v))); err != nil {
			t.Fatal(err)
		}
	}
	machine := gorgonia.NewTapeMachine(g.G)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	after := map[string][]float64{}
	for i, p := range g.Params {
		w := slices.Clone(values[p.Node])
		for j, d := range optest.Floats(grads[i].Value()) {
			w[j] -= lr * d
		}
		after[p.Name] = w
	}
	return optest.Floats(loss.Value())[0], after
}

// TestSoftTrainsOnLabels says that one-hot probabilities are labels, and what is refused.
func TestSoftTrainsOnLabels(t *testing.T) {
	images := make([]float32, 2*3*8*8)
	for i := range images {
		images[i] = float32(i%5) - 2
	}
	losses := map[bool]float64{}
	for _, soft := range []bool{false, true} {
		session, err := trainer.NewSession(newTiny(3), trainer.SessionConfig{
			Device: testdevice.Open(t, device.Options{Threads: 1}), Optimizer: optim.SGD{LR: 0.1}, Input: [3]int{3, 8, 8}, Smoothing: 0.1, Soft: soft,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		r, err := session.Train(images, trainer.Labels([]int64{2, 0}), 0.1)
		if err != nil {
			t.Fatal(err)
		}
		losses[soft] = r.Loss
		nan := math.NaN()
		for says, targets := range map[string][]float64{
			"SessionConfig.Soft":     {0, 0, 1, 1, 0, 0},
			"0 target probabilities": {},
			"5 target probabilities": {0, 0, 1, 1, 0},
			"3 target probabilities": {0, 0, 1},
			"class 1 of image 1":     {0, 0, 1, 1, -1, 0},
			"class 0 of image 0":     {nan, 0, 1, 1, 0, 0},
		} {
			if soft == (says == "SessionConfig.Soft") {
				continue
			}
			if _, err := session.Train(images, trainer.Probabilities(targets), 0.1); err == nil || soft && (!errors.Is(err, trainer.ErrBatch) || !strings.Contains(err.Error(), says)) {
				t.Errorf("%v: %v, want %q", targets, err, says)
			}
		}
	}
	if math.Abs(losses[false]-losses[true]) > 1e-6 {
		t.Errorf("losses %v", losses)
	}
}

// TestMixedAccuracy trains on batches whose mixture is known: the accuracy of a step is
// against the labels with the larger share.
func TestMixedAccuracy(t *testing.T) {
	tr := start(t, func(c *trainer.Config) { mixing(c); c.Epochs = 1; c.Optimizer = optim.SGD{LR: 1e-12}; c.Schedule = nil })
	var events []trainer.StepEvent
	tr.AddHook(trainer.Hook{Step: func(e trainer.StepEvent) error { events = append(events, e); return nil }})
	want := dominantShares(t, tr)
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Accuracy != want[i] {
			t.Errorf("step %d: accuracy %v, want %v", e.Step, e.Accuracy, want[i])
		}
	}
}

// dominantShares trains a copy of a fresh run's Session on the batches of the first epoch.
func dominantShares(t *testing.T, tr *trainer.Trainer) (shares []float64) {
	t.Helper()
	swapped := false
	other := start(t, func(c *trainer.Config) { mixing(c); c.Optimizer = optim.SGD{LR: 1e-12} })
	for b, err := range tr.TrainLoader().Batches(context.Background(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := other.Session().Train(b.Images, trainer.Probabilities(b.Targets(nil, 4)), 1e-12)
		if err != nil {
			t.Fatal(err)
		}
		labels := b.Labels
		if b.Lambda < 0.5 {
			labels = b.Others
			swapped = true
		}
		right := 0.0
		for i, l := range labels {
			if r.Predicted[i] == l {
				right++
			}
		}
		shares = append(shares, right/float64(b.N))
	}
	if !swapped {
		t.Fatal("no batch in which the other label has the larger share: take another seed")
	}
	return shares
}
