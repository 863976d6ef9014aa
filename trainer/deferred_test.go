package trainer_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// goldenSession makes a Session of the golden network, with its weights.
func goldenSession(t *testing.T, m nn.Module, c trainer.SessionConfig) *trainer.Session {
	t.Helper()
	c.Device, c.Input = testdevice.Open(t, device.Options{Threads: 2}), [3]int{3, 6, 6}
	s, err := trainer.NewSession(m, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// values are all floats of a Session's model.
func values(t *testing.T, s *trainer.Session) (all []float64) {
	t.Helper()
	tensors, err := s.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tensors {
		switch d := x.Data.(type) {
		case []float32:
			for _, v := range d {
				all = append(all, float64(v))
			}
		case []float64:
			all = append(all, d...)
		}
	}
	return all
}

// TestReduce lets a hook double the gradients: plain SGD then steps as at twice the rate,
// to the bit.
func TestReduce(t *testing.T) {
	var names []string
	double := func(st *engine.State, gradients []string) error {
		names = gradients
		for _, name := range gradients {
			shape, _ := st.Shape(name)
			g := make([]float32, tensor.Shape(shape).TotalSize())
			if err := st.Read(name, g); err != nil {
				return err
			}
			for i := range g {
				g[i] *= 2
			}
			if err := st.Write(name, g); err != nil {
				return err
			}
		}
		return nil
	}
	plain := goldenSession(t, newGolden(), trainer.SessionConfig{Optimizer: optim.SGD{LR: 1}})
	reduced := goldenSession(t, newGolden(), trainer.SessionConfig{Optimizer: optim.SGD{LR: 1}, Reduce: double})
	for i := range 3 {
		images, labels := goldenBatch(i, 4)
		if _, err := plain.Train(images, trainer.Labels(labels), 0.25); err != nil {
			t.Fatal(err)
		}
		if _, err := reduced.Train(images, trainer.Labels(labels), 0.125); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(values(t, plain), values(t, reduced)) {
		t.Error("the weights differ")
	}
	if len(names) != len(reduced.Params()) || names[0] != "grad/conv.weight" {
		t.Errorf("the hook saw %v", names)
	}
}

// TestReduceFails: an error of the hook comes back, and the next step is a fresh one.
func TestReduceFails(t *testing.T) {
	fail := true
	s := goldenSession(t, newGolden(), trainer.SessionConfig{Optimizer: optim.SGD{LR: 1}, Reduce: func(*engine.State, []string) error {
		if fail {
			return errStop
		}
		return nil
	}})
	before := make([]float32, s.Params()[0].Elements())
	after := slices.Clone(before)
	images, labels := goldenBatch(0, 4)
	if err := s.State().Read("conv.weight", before); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Train(images, trainer.Labels(labels), 0.1); !errors.Is(err, errStop) || !strings.Contains(err.Error(), "step 1") {
		t.Errorf("error %v", err)
	}
	if err := s.State().Read("conv.weight", after); err != nil || !slices.Equal(before, after) || s.Count() != 0 {
		t.Errorf("the failed step changed the weights, or counts: %v, %d", err, s.Count())
	}
	fail = false
	if _, err := s.Train(images, trainer.Labels(labels), 0.1); err != nil || s.Count() != 1 {
		t.Errorf("the step after: %v, count %d", err, s.Count())
	}
}

var scaledInPlace = regexp.MustCompile(`Scale +conv\.weight .* slot grad/conv\.weight`)

// TestImmediateKeepsNothing looks for what only the deferred plan needs.
func TestImmediateKeepsNothing(t *testing.T) {
	images, labels := goldenBatch(0, 4)
	for name, c := range map[string]trainer.SessionConfig{"immediate": {}, "deferred": {ClipNorm: 1}} {
		c.Optimizer = optim.SGD{LR: 0.1, Momentum: 0.9}
		s := goldenSession(t, newGolden(), c)
		if _, err := s.Train(images, trainer.Labels(labels), 0.1); err != nil {
			t.Fatal(err)
		}
		text, err := s.Explain(4)
		if err != nil {
			t.Fatal(err)
		}
		keeps := slices.ContainsFunc(s.State().Names(), func(n string) bool {
			return strings.HasPrefix(n, "grad/") || strings.HasPrefix(n, "ema/")
		})
		want := name == "deferred"
		if want && !scaledInPlace.MatchString(text) {
			t.Errorf("clipped gradients have memory of their own:\n%s", text)
		}
		if keeps != want || strings.Contains(text, "slot grad/conv.weight") != want || strings.Contains(text, "program update") != want {
			t.Errorf("%s: slots %v, program\n%s", name, s.State().Names(), text)
		}
	}
}

// plainNet has no batch normalisation, so that batches do not see how they are cut.
type plainNet struct {
	Conv *nn.Conv2D
	Flat *nn.Flatten
	FC   *nn.Linear
}

func (m *plainNet) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	return m.FC.Forward(s, m.Flat.Forward(s, m.Conv.Forward(s, x)))
}

// TestAccumulatedIsOneBatch: parts of 3, 3 and 2 images step as their 8 together.
func TestAccumulatedIsOneBatch(t *testing.T) {
	var ends [2][]float64
	for i, parts := range [][]int{{8}, {3, 3, 2}} {
		net := &plainNet{&nn.Conv2D{In: 3, Out: 4, Kernel: 3, Bias: true}, &nn.Flatten{}, &nn.Linear{In: 64, Out: 3}}
		s := goldenSession(t, net, trainer.SessionConfig{
			Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-3}, Precision: device.Float64, Accumulate: true, ClipNorm: 2,
		})
		for step := range 10 {
			images, labels := goldenBatch(step, 8)
			at := 0
			for _, n := range parts {
				if _, err := s.Accumulate(images[at*108:(at+n)*108], trainer.Labels(labels[at:at+n]), float64(n)/8); err != nil {
					t.Fatal(err)
				}
				at += n
			}
			if _, err := s.Apply(0.1); err != nil {
				t.Fatal(err)
			}
		}
		ends[i] = values(t, s)
	}
	for i := range ends[0] {
		if math.Abs(ends[0][i]-ends[1][i]) > 1e-12 {
			t.Fatalf("value %d is %v in one batch, %v in three", i, ends[0][i], ends[1][i])
		}
	}
}

func TestThreadsDoNotChangeTheBitsOfEverything(t *testing.T) {
	one, _ := undisturbed(t, func(c *trainer.Config) { everything(c); c.Device = testdevice.Open(t, device.Options{Threads: 1}) })
	three, _ := undisturbed(t, func(c *trainer.Config) { everything(c); c.Device = testdevice.Open(t, device.Options{Threads: 3}) })
	if string(weights(t, one)) != string(weights(t, three)) {
		t.Error("the final weights differ")
	}
	sameMetrics(t, one, three)
}

// TestDeferredStepAllocatesLittle bounds what a step with everything on allocates, once
// it is compiled: the conversions of its scalars.
func TestDeferredStepAllocatesLittle(t *testing.T) {
	dev := testdevice.Open(t, device.Options{Threads: 2})
	testdevice.NoAllocations(t, dev)
	s := goldenSession(t, newGolden(), trainer.SessionConfig{
		Optimizer: optim.AdamW{LR: 0.01, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8}, ClipNorm: 0.5, Accumulate: true, EMA: 0.9,
	})
	images, labels := goldenBatch(0, 4)
	step := func() {
		for range 2 {
			if _, err := s.Accumulate(images, trainer.Labels(labels), 0.5); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Apply(0.01); err != nil {
			t.Fatal(err)
		}
	}
	step()
	step()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 50 {
		step()
	}
	runtime.ReadMemStats(&after)
	if got := float64(after.Mallocs-before.Mallocs) / 50; got > 40 {
		t.Errorf("%.1f allocations a step", got)
	}
}

// TestFilesHoldTheAverage: the best file alone, in a Trainer without averages, has the
// scores of the report, which are not those of the weights themselves.
func TestFilesHoldTheAverage(t *testing.T) {
	dir, report := undisturbed(t, func(c *trainer.Config) { c.EMA = 0.7 })
	_, bare := undisturbed(t, nil)
	tr := start(t, nil)
	if err := tr.LoadModel(filepath.Join(dir, run.CheckpointDir, run.BestFile), trainer.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	scores, err := tr.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if scores.Loss != report.Best.Loss || scores.Accuracy != report.Best.Accuracy {
		t.Errorf("the best file has loss %v, accuracy %v; the report says %+v", scores.Loss, scores.Accuracy, report.Best)
	}
	if report.Last.Loss == bare.Last.Loss {
		t.Error("the average has the scores of the weights")
	}
	tr = start(t, func(c *trainer.Config) { c.EMA = 0.7 })
	if err := tr.LoadModel(filepath.Join(dir, run.CheckpointDir, run.BestFile), trainer.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	if again, err := tr.Evaluate(context.Background()); err != nil || again.Loss != scores.Loss {
		t.Errorf("loaded weights begin their average: loss %v, want %v (%v)", again.Loss, scores.Loss, err)
	}
}
