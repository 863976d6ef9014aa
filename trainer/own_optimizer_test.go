package trainer_test

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// ownSGD is optim.SGD with momentum, written by a user out of Gorgonia's arithmetic.
type ownSGD struct{ lr, momentum, decay float64 }

func (o ownSGD) Validate() error               { return nil }
func (o ownSGD) Rate() float64                 { return o.lr }
func (o ownSGD) RateScale(p *nn.Param) float64 { return 1 }

func (o ownSGD) Update(p *nn.Param, g *gorgonia.Node, in optim.Inputs) (up optim.Update, err error) {
	constant := func(v float64) *gorgonia.Node {
		if p.Node.Dtype() == tensor.Float64 {
			return gorgonia.NewConstant(v)
		}
		return gorgonia.NewConstant(float32(v))
	}
	binary := func(f func(a, b *gorgonia.Node) (*gorgonia.Node, error), a, b *gorgonia.Node) *gorgonia.Node {
		n, e := f(a, b)
		if err == nil {
			err = e
		}
		return n
	}
	add := func(a, b *gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Add(a, b) }
	v := gorgonia.NewTensor(p.Node.Graph(), p.Node.Dtype(), len(p.Shape), gorgonia.WithShape(p.Shape...), gorgonia.WithName("v of "+p.Name))
	decayed := binary(add, g, binary(gorgonia.Mul, p.Node, constant(o.decay)))
	next := binary(add, binary(gorgonia.Mul, v, constant(o.momentum)), decayed)
	w := binary(gorgonia.Sub, p.Node, binary(gorgonia.Mul, next, in.LR))
	return optim.Update{Value: w, Slots: []optim.Slot{{Name: "momentum", Node: v, Next: next}}}, err
}

// TestOwnOptimizer compares weights and velocities after steps of a user's own optimizer
// with optim.SGD's, in both plans of update.
func TestOwnOptimizer(t *testing.T) {
	resnet := func() nn.Module { return models.ResNet50(models.ResNetConfig{Form: models.D, Classes: 5}) }
	small := func() nn.Module {
		return nn.NewSequential(
			&nn.Conv2D{In: 3, Out: 18, Kernel: 3, Padding: 1}, &nn.BatchNorm2D{Channels: 18}, &nn.ReLU{},
			&nn.Conv2D{In: 18, Out: 7, Kernel: 3, Stride: 2, Bias: true}, &nn.ReLU{},
			&nn.AdaptiveAvgPool2D{Size: 1}, &nn.Flatten{}, &nn.Linear{In: 7, Out: 5})
	}
	for _, c := range []struct {
		name   string
		net    func() nn.Module
		isa    string
		steps  int
		change func(*trainer.SessionConfig)
	}{
		{"ResNet-50-D", resnet, "", 1, nil},
		{"small", small, "", 4, nil},
		{"small, AVX2", small, "avx2", 4, nil},
		{"small, plain", small, "generic", 4, nil},
		{"small, float64", small, "", 4, func(c *trainer.SessionConfig) { c.Precision = device.Float64 }},
		{"small, clipped", small, "", 4, func(c *trainer.SessionConfig) { c.ClipNorm = 0.1 }},
		{"small, everything", small, "", 4, func(c *trainer.SessionConfig) { c.ClipNorm, c.EMA, c.Accumulate = 0.1, 0.9, true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.steps == 1 {
				t.Skip("23 million weights")
			}
			dev := testdevice.Open(t, device.Options{Kernels: c.isa, Threads: 1})
			values := func(o optim.Optimizer) map[string][]float64 {
				config := trainer.SessionConfig{Device: dev, Optimizer: o, Input: [3]int{3, 32, 32}, Seed: 1}
				if c.change != nil {
					c.change(&config)
				}
				s, err := trainer.NewSession(c.net(), config)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				for i := range c.steps {
					images, labels := ownBatch(i)
					if config.Accumulate {
						if _, err := s.Accumulate(images, trainer.Labels(labels), 1); err != nil {
							t.Fatal(err)
						}
						_, err = s.Apply(0.05)
					} else {
						_, err = s.Train(images, trainer.Labels(labels), 0.05)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				return slotsOf(t, s)
			}
			want := values(optim.SGD{LR: 0.05, Momentum: 0.9, WeightDecay: 0.01})
			got := values(ownSGD{0.05, 0.9, 0.01})
			bad := 0
			for name, w := range want {
				if g := got[name]; len(g) != len(w) {
					t.Errorf("%s: %d values, want %d", name, len(g), len(w))
				} else if d := furthest(g, w); d > 1e-4 {
					bad++
					if bad < 4 {
						t.Errorf("%s is %v off", name, d)
					}
				}
			}
			if bad > 0 {
				t.Errorf("%d of %d tensors differ", bad, len(want))
			}
		})
	}
}

func furthest(a, b []float64) (d float64) {
	for i := range a {
		d = max(d, math.Abs(a[i]-b[i])/max(1, math.Abs(b[i])))
	}
	return d
}

// ownBatch is four images of 32×32 with labels of five classes.
func ownBatch(seed int) (images []float32, labels []int64) {
	images = make([]float32, 4*3*32*32)
	for i := range images {
		images[i] = float32(math.Sin(float64(i*(seed+3)) / 7))
	}
	return images, []int64{int64(seed % 5), 1, 4, 2}
}

// slotsOf reads every slot of a Session.
func slotsOf(t *testing.T, s *trainer.Session) map[string][]float64 {
	all := map[string][]float64{}
	for _, name := range s.State().Names() {
		shape, _ := s.State().Shape(name)
		n := tensor.Shape(shape).TotalSize()
		double, single := make([]float64, n), make([]float32, n)
		if s.State().Read(name, double) == nil {
			all[name] = double
		} else if err := s.State().Read(name, single); err == nil {
			all[name] = wide(single)
		} else {
			t.Fatal(err)
		}
	}
	return all
}

// lagging steps by the gradient of the step before and keeps the weight that it leaves: slots
// that are given leaves, and leaves whose slots change.
type lagging struct{ ownSGD }

func (o lagging) Update(p *nn.Param, g *gorgonia.Node, in optim.Inputs) (optim.Update, error) {
	leaf := func(name string) *gorgonia.Node {
		return gorgonia.NewTensor(p.Node.Graph(), p.Node.Dtype(), len(p.Shape), gorgonia.WithShape(p.Shape...), gorgonia.WithName(name+p.Name))
	}
	last, left, before := leaf("last "), leaf("left "), leaf("before ")
	step, err := gorgonia.Mul(last, in.LR)
	if err != nil {
		return optim.Update{}, err
	}
	w, err := gorgonia.Sub(p.Node, step)
	return optim.Update{Value: w, Slots: []optim.Slot{
		{Name: "before", Node: before, Next: left}, {Name: "left", Node: left, Next: p.Node}, {Name: "last", Node: last, Next: g},
	}}, err
}

// TestSlotsGivenLeaves follows the weights through the slots of two and one steps ago.
func TestSlotsGivenLeaves(t *testing.T) {
	dev := testdevice.Open(t, device.Options{Threads: 1})
	for _, clip := range []float64{0, 0.1} {
		s, err := trainer.NewSession(newGolden(), trainer.SessionConfig{
			Device: dev, Optimizer: lagging{ownSGD{lr: 0.1}}, Input: [3]int{3, 6, 6}, Seed: 1, ClipNorm: clip,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var history []map[string][]float64
		for i := range 5 {
			history = append(history, slotsOf(t, s))
			images, labels := goldenBatch(i, 4)
			if _, err := s.Train(images, trainer.Labels(labels), 0.1); err != nil {
				t.Fatal(err)
			}
		}
		now := slotsOf(t, s)
		for _, p := range s.Params() {
			if d := furthest(now["optim/left/"+p.Name], history[4][p.Name]); d != 0 {
				t.Errorf("clip %v: the weight %s before the step is %v off", clip, p.Name, d)
			}
			if d := furthest(now["optim/before/"+p.Name], history[3][p.Name]); d != 0 {
				t.Errorf("clip %v: the weight %s two steps ago is %v off", clip, p.Name, d)
			}
			want := plus(history[4][p.Name], history[4]["optim/last/"+p.Name], -0.1)
			if d := furthest(now[p.Name], want); d > 1e-6 {
				t.Errorf("clip %v: %s is %v off", clip, p.Name, d)
			}
		}
	}
}

// plus is x + k·y.
func plus(x, y []float64, k float64) []float64 {
	z := make([]float64, len(x))
	for i := range x {
		z[i] = x[i] + k*y[i]
	}
	return z
}
