package trainer_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// normed is a network of two BatchNorms, without dropout.
type normed struct {
	Conv1, Conv2 *nn.Conv2D
	BN1, BN2     *nn.BatchNorm2D
	ReLU         *nn.ReLU
	Pool         *nn.AdaptiveAvgPool2D
	Flatten      *nn.Flatten
	FC           *nn.Linear
}

func newNormed() *normed {
	return &normed{
		Conv1: &nn.Conv2D{In: 3, Out: 8, Kernel: 3, Padding: 1}, BN1: &nn.BatchNorm2D{Channels: 8},
		Conv2: &nn.Conv2D{In: 8, Out: 8, Kernel: 3, Padding: 1}, BN2: &nn.BatchNorm2D{Channels: 8},
		ReLU: &nn.ReLU{}, Pool: &nn.AdaptiveAvgPool2D{Size: 1}, Flatten: &nn.Flatten{}, FC: &nn.Linear{In: 8, Out: 3},
	}
}

func (m *normed) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.BN1.Forward(s, m.Conv1.Forward(s, x)))
	x = m.ReLU.Forward(s, s.Add(m, x, m.BN2.Forward(s, m.Conv2.Forward(s, x))))
	return m.FC.Forward(s, m.Flatten.Forward(s, m.Pool.Forward(s, x)))
}

func get(t *testing.T, s *trainer.Session, name string) []float64 {
	t.Helper()
	tensors, err := s.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range tensors {
		if x.Name != name {
			continue
		}
		switch d := x.Data.(type) {
		case []float64:
			return d
		case []float32:
			wide := make([]float64, len(d))
			for i, v := range d {
				wide[i] = float64(v)
			}
			return wide
		case []int64:
			return []float64{float64(d[0])}
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// TestKeptStatistics trains BatchNorms by their running statistics: the loss is that of an
// evaluation, gradients are the slopes of it, and statistics and counters stay.
func TestKeptStatistics(t *testing.T) {
	const lr = 1e-3
	images := make([]float32, 4*3*8*8)
	for i := range images {
		images[i] = float32(math.Sin(float64(i)*0.37)) + float32(i%7)/5
	}
	labels := []int64{0, 1, 2, 1}
	for _, dt := range []device.DType{device.Float64, device.Float32} {
		s, err := trainer.NewSession(newNormed(), trainer.SessionConfig{
			Device: testdevice.Open(t, device.Options{Threads: 2}), Input: [3]int{3, 8, 8}, Precision: dt, Seed: 3, Optimizer: optim.SGD{LR: lr},
			KeepStatistics: func(string) bool { return true },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		write := func(name string, v []float64) {
			var host any = v
			if dt == device.Float32 {
				narrow := make([]float32, len(v))
				for i := range v {
					narrow[i] = float32(v[i])
				}
				host = narrow
			}
			if err := s.State().Write(name, host); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"bn1.running_mean", "bn1.running_var", "bn2.running_mean", "bn2.running_var"} {
			v := get(t, s, name)
			for i := range v {
				v[i] = 0.5 + float64(i)/10
			}
			write(name, v)
		}
		loss := func() float64 {
			r, err := s.Evaluate(images, labels, 4)
			if err != nil {
				t.Fatal(err)
			}
			return r.Loss
		}
		slopes := map[string]float64{}
		move, near := 1e-5, 1e-6
		if dt == device.Float32 {
			move, near = 1e-2, 2e-2
		}
		const at = 1
		names := []string{"conv1.weight", "bn1.weight", "bn1.bias", "conv2.weight", "bn2.weight", "bn2.bias", "fc.weight"}
		for _, name := range names {
			v := get(t, s, name)
			was := v[at]
			v[at] = was + move
			write(name, v)
			up := loss()
			v[at] = was - move
			write(name, v)
			slopes[name] = (up - loss()) / (2 * move)
			v[at] = was
			write(name, v)
		}
		before, statistics := map[string]float64{}, map[string]string{}
		for _, name := range names {
			before[name] = get(t, s, name)[at]
		}
		kept := []string{"bn1.running_mean", "bn2.running_var", "bn1.num_batches_tracked"}
		for _, name := range kept {
			statistics[name] = fmt.Sprint(get(t, s, name))
		}
		evaluated := loss()
		r, err := s.Train(images, trainer.Labels(labels), lr)
		if err != nil || math.Abs(r.Loss-evaluated) > near {
			t.Fatalf("%v: loss %v, evaluated %v: %v", dt, r.Loss, evaluated, err)
		}
		for _, name := range names {
			if got := (before[name] - get(t, s, name)[at]) / lr; math.Abs(got-slopes[name]) > near*(1+math.Abs(slopes[name])) {
				t.Errorf("%v: gradient of %s is %v, the slope %v", dt, name, got, slopes[name])
			}
		}
		for _, name := range kept {
			if got := fmt.Sprint(get(t, s, name)); got != statistics[name] {
				t.Errorf("%v: %s was %s and is %s", dt, name, statistics[name], got)
			}
		}
	}
}

// TestFreezeBackbone trains the classifier alone; which statistics stay depends on what is
// frozen.
func TestFreezeBackbone(t *testing.T) {
	for _, c := range []struct {
		name                   string
		freeze                 []string
		statistics             bool
		conv, gamma, mean, fc  bool // whether they change
		parameters, statisticN int
	}{
		{"nothing", nil, false, true, true, true, true, 0, 0},
		{"backbone", []string{"backbone"}, false, false, false, true, true, 464, 0},
		{"backbone and its statistics", []string{"backbone"}, true, false, false, false, true, 464, 1},
		{"patterns with it", []string{"Backbone", "fc.bias"}, true, false, false, false, true, 468, 1},
		{"statistics alone", nil, true, true, true, false, true, 0, 1},
		{"statistics, no BatchNorm frozen", []string{"conv.*"}, true, false, true, false, true, 432, 1},
	} {
		tr := start(t, func(o *trainer.Config) { o.Freeze, o.FreezeStatistics, o.Epochs = c.freeze, c.statistics, 1 })
		if f := tr.Frozen(); f.Parameters != c.parameters || f.Norms != c.statisticN || f.Of != tr.Parameters() {
			t.Errorf("%s: %+v", c.name, f)
		}
		names := []string{"conv.weight", "norm.weight", "norm.running_mean", "fc.weight", "norm.num_batches_tracked"}
		want := []bool{c.conv, c.gamma, c.mean, c.fc, c.mean}
		before := map[string]string{}
		for _, name := range names {
			before[name] = fmt.Sprint(get(t, tr.Session(), name))
		}
		if _, err := tr.Fit(context.Background()); err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			if got := before[name] != fmt.Sprint(get(t, tr.Session(), name)); got != want[i] {
				t.Errorf("%s: %s changed: %v, want %v", c.name, name, got, want[i])
			}
		}
	}
}

// TestFreezeSomeStatistics keeps those of the frozen BatchNorm alone.
func TestFreezeSomeStatistics(t *testing.T) {
	train, test, c := setUp(t, func(c *trainer.Config) {
		c.Freeze, c.FreezeStatistics, c.Epochs = []string{"conv1.*", "bn1.*"}, true, 1
	})
	net := newNormed()
	net.FC.Out = 4
	tr, err := trainer.New(net, train, test, c)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := get(t, tr.Session(), "bn1.running_mean"); got[0] != 0 {
		t.Errorf("the frozen statistics are %v", got)
	}
	if got := get(t, tr.Session(), "bn2.running_mean"); got[0] == 0 {
		t.Errorf("the others stayed at %v", got)
	}
	train, test, c = setUp(t, func(c *trainer.Config) { c.Freeze = []string{"backbone"} })
	if _, err := trainer.New(net, train, test, c); err == nil || !strings.Contains(err.Error(), "HeadParams") {
		t.Errorf("a model that names no classifier: %v", err)
	}
}

// TestKeptStatisticsTakeABatchOfOne, since they need no variance over it.
func TestKeptStatisticsTakeABatchOfOne(t *testing.T) {
	for _, kept := range []bool{false, true} {
		train, test, c := setUp(t, func(c *trainer.Config) {
			c.Batch, c.Crop, c.Resize, c.Train, c.Test, c.FreezeStatistics, c.Epochs = 19, 2, 2, nil, nil, kept, 1
		})
		tr, err := trainer.New(newTiny(4), train, test, c)
		if (err == nil) != kept {
			t.Errorf("kept %v: %v", kept, err)
		}
		if err == nil {
			_, err = tr.Fit(context.Background())
			tr.Close()
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFreezingMayChange thaws a part of a run on resuming, and freezes it again.
func TestFreezingMayChange(t *testing.T) {
	for _, o := range []optim.Optimizer{
		optim.SGD{LR: 0.01, Momentum: 0.9}, optim.AdamW{LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		var says bytes.Buffer
		part := func(epochs int, freeze ...string) (moved float64) {
			says.Reset()
			tr := start(t, func(c *trainer.Config) {
				c.Dir, c.Resume, c.Epochs, c.Freeze, c.Optimizer = dir, epochs > 1, epochs, freeze, o
				c.Schedule, c.Logger = nil, slog.New(slog.NewTextHandler(&says, nil))
				if epochs == 3 {
					c.MaxSteps = 7 // the first step after it is thawed
				}
			})
			before := get(t, tr.Session(), "conv.weight")
			if _, err := tr.Fit(context.Background()); err != nil {
				t.Fatal(err)
			}
			for i, v := range get(t, tr.Session(), "conv.weight") {
				moved = max(moved, math.Abs(v-before[i]))
			}
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
			return moved
		}
		if part(1, "backbone") != 0 || part(2, "backbone") != 0 || says.Len() > 0 {
			t.Errorf("the same freezing: %s", &says)
		}
		moved := part(3)
		if moved == 0 || !strings.Contains(says.String(), "3 parameters are trained from here on") {
			t.Errorf("thawed: moved by %v, %s", moved, &says)
		}
		if _, adam := o.(optim.AdamW); adam && math.Abs(moved-1e-3) > 1e-5 {
			t.Errorf("AdamW's first step on a weight is %v, want its rate: the moments' bias is that of a first step", moved)
		}
		if part(4); says.Len() > 0 {
			t.Errorf("the same again: %s", &says)
		}
		if part(5, "conv.*") != 0 || !strings.Contains(says.String(), "1 are frozen") {
			t.Errorf("frozen again: %s", &says)
		}
		f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointDir, run.LastFile))
		if err != nil || len(f.Tensors) != 8 {
			t.Errorf("%v, %v", f, err)
		}
	}
}

// TestWeightsOfARun takes the best weights in a run's folder.
func TestWeightsOfARun(t *testing.T) {
	dir, _ := undisturbed(t, nil)
	checkpoints := filepath.Join(dir, run.CheckpointDir)
	best := filepath.Join(checkpoints, run.BestFile)
	for _, path := range []string{dir, checkpoints, best} {
		if got := run.WeightsFile(path); got != best {
			t.Errorf("%s: %s", path, got)
		}
	}
	if none := filepath.Join(dir, "none.pth"); run.WeightsFile(none) != none {
		t.Error("a file that is not there changed its name")
	}
	tr := start(t, nil)
	if err := tr.LoadModel(dir, trainer.LoadOptions{}); err != nil {
		t.Error(err)
	}
}
