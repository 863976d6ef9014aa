package cpu_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/device/devicetest"
)

var isas = []string{"avx512", "avx2", "generic"}

func open(t testing.TB, o cpu.Options) *cpu.Device {
	t.Helper()
	d, err := cpu.New(o)
	if errors.Is(err, cpu.ErrOption) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestKernels holds every kernel of every instruction set against the reference.
func TestKernels(t *testing.T) {
	for _, isa := range isas {
		if testing.Short() && isa == "generic" {
			continue // the reference against itself
		}
		t.Run(isa, func(t *testing.T) {
			devicetest.Run(t, func(t *testing.T) device.Device { return open(t, cpu.Options{ISA: isa, Threads: 2}) })
		})
	}
}

// TestSameBits runs every kernel on one, two and three workers.
func TestSameBits(t *testing.T) {
	for _, isa := range isas[:2] {
		t.Run(isa, func(t *testing.T) {
			one := open(t, cpu.Options{ISA: isa, Threads: 1})
			devicetest.SameBits(t, one, open(t, cpu.Options{ISA: isa, Threads: 2}), open(t, cpu.Options{ISA: isa, Threads: 3}))
		})
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    cpu.Options
		env  string
		want string
	}{
		{cpu.Options{Threads: -1}, "", "-1 threads"},
		{cpu.Options{ISA: "sse9"}, "", `ISA="sse9"`},
		{cpu.Options{}, "mmx", `EURYALE_ISA="mmx"`},
	} {
		t.Setenv("EURYALE_ISA", c.env)
		_, err := cpu.New(c.o)
		if !errors.Is(err, cpu.ErrOption) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%+v) with EURYALE_ISA=%q: %v, want an ErrOption with %s", c.o, c.env, err, c.want)
		}
	}
	t.Setenv("EURYALE_ISA", "generic")
	if d := open(t, cpu.Options{Threads: 3}); d.ISA() != "generic" || d.Threads() != 3 || !strings.Contains(d.Describe(), "plain Go") {
		t.Errorf("EURYALE_ISA=generic gives %s with %d threads", d.Describe(), d.Threads())
	}
}

// TestNothingPlain binds the steps of training ResNet-50 and VGG-16: none may run in the
// scalar reference.
func TestNothingPlain(t *testing.T) {
	for _, isa := range isas[:2] {
		t.Run(isa, func(t *testing.T) {
			d := open(t, cpu.Options{ISA: isa, Threads: 1})
			all := trainingSteps()
			for _, s := range trainingSteps() {
				devicetest.StoreAsBFloat16(s)
				all = append(all, s)
			}
			for _, s := range all {
				var in, out []device.Memory
				for _, x := range s.In {
					in = append(in, fill(t, d, x))
				}
				pairs := map[int]int{}
				if s.Kind == device.SGD || s.Kind == device.LinearUpdate {
					for _, p := range d.InPlace(s) {
						pairs[p[0]] = p[1]
					}
				}
				for i, x := range s.Out {
					if from, ok := pairs[i]; ok {
						out = append(out, in[from])
					} else {
						out = append(out, fill(t, d, x))
					}
				}
				scratch, err := d.NewBuffer(d.Scratch(s))
				if err != nil {
					t.Fatal(err)
				}
				defer scratch.Free()
				k, err := d.Bind(s, in, out, device.Memory{Buffer: scratch})
				if err != nil {
					t.Fatal(err)
				}
				if cpu.Plain(k) {
					t.Errorf("%v %+v of %v runs in the reference", s.Kind, s.Attr, s.In[0].Shape)
				}
			}
		})
	}
}

// steps collects steps.
type steps []*device.Step

func (l *steps) add(kind device.Kind, attr any, in, out []*device.Tensor) {
	*l = append(*l, &device.Step{Kind: kind, Attr: attr, In: in, Out: out})
}

func list(t ...*device.Tensor) []*device.Tensor { return t }
func act(shape ...int) *device.Tensor           { return &device.Tensor{Shape: shape} }
func param(shape ...int) *device.Tensor {
	return &device.Tensor{Shape: shape, Role: device.Slot, Param: true}
}
func input(dt device.DType, shape ...int) *device.Tensor {
	return &device.Tensor{Shape: shape, DType: dt, Role: device.Input}
}

// trainingSteps is one step of each kind that the models need, and of each fused form.
func trainingSteps() steps {
	var l steps
	l.convolutions()
	l.normalizations()
	l = append(l, poolSteps()...)
	l.classifier()
	return l
}

func (l *steps) convolutions() {
	for _, y := range []layer{{2, 3, 20, 64, 7, 2}, {2, 3, 16, 32, 3, 1}, {2, 64, 7, 64, 3, 1}, {2, 64, 7, 128, 3, 2}, {2, 64, 7, 128, 1, 2}, {2, 64, 7, 37, 1, 1}} {
		g := y.geometry()
		for _, kind := range []device.Kind{device.Conv2D, device.Conv2DGradInput, device.Conv2DGradWeight} {
			if y.c > 4 || kind != device.Conv2DGradInput {
				*l = append(*l, convStep(kind, g))
			}
		}
		fused := convStep(device.Conv2D, g)
		fused.Attr, fused.In = device.ConvAttr{Conv2D: g, Bias: true, Act: device.ReLU}, append(fused.In, param(g.O))
		*l = append(*l, fused)
	}
}

func (l *steps) normalizations() {
	x, c, stats := act(2, 64, 7, 7), param(64), act(2, 64)
	l.add(device.BatchNormStats, nil, list(x), list(stats))
	l.add(device.BatchNormPack, nil, list(c, c), list(stats))
	for _, act := range append([]device.Act{device.None}, slices.Collect(device.Acts())...) {
		a := device.BatchNormAttr{Eps: 1e-5, Act: act}
		with := func(in []*device.Tensor, ofInput ...*device.Tensor) []*device.Tensor {
			switch {
			case act == device.None:
				return in
			case act.GradOfOutput():
				return append(in, x)
			}
			return append(in, ofInput...)
		}
		l.add(device.BatchNormApply, a, list(x, stats, c, c), list(x))
		residual := a
		residual.Residual = true
		l.add(device.BatchNormApply, residual, list(x, stats, c, c, x), list(x))
		l.add(device.BatchNormGradStats, a, with(list(x, x, stats), c, c), list(stats))
		l.add(device.BatchNormGradInput, a, with(list(x, x, c, stats, stats), c), list(x))
		l.add(device.BatchNormEvalGradInput, a, with(list(x, c, stats), x, c), list(x))
		l.add(device.Add, device.AddAttr{Act: act}, list(x, x), list(x))
		l.add(device.BiasAdd, device.BiasAttr{Act: act}, list(x, c), list(x))
	}
	l.add(device.Row, device.RowAttr{Row: 1}, list(stats), list(c))
	l.add(device.RunningStat, device.RunningStatAttr{Row: 1, Momentum: 0.1, Scale: 1}, list(c, stats), list(c))
	for act := range device.Acts() {
		l.add(device.Activate, device.ActAttr{Act: act}, list(x), list(x))
		l.add(device.ActivateGrad, device.ActAttr{Act: act}, list(x, x), list(x))
	}
	l.add(device.ChannelSum, nil, list(x), list(c))
	l.add(device.Reshape, nil, list(x), list(act(2, 64*49)))
	l.add(device.Reshape, nil, list(act(2, 64*49)), list(x))
}

func (l *steps) classifier() {
	rows, logits, w, lr := act(2, 4096), act(2, 37), param(37, 4096), input(device.Float32)
	l.add(device.Linear, device.LinearAttr{Bias: true, Act: device.ReLU}, list(rows, w, param(37)), list(logits))
	l.add(device.LinearGradInput, nil, list(logits, w), list(rows))
	l.add(device.LinearGradWeight, nil, list(rows, logits), list(w))
	l.add(device.ChannelSum, nil, list(logits), list(param(37)))
	l.add(device.Dropout, device.DropoutAttr{P: 0.5}, list(rows, input(device.Int64, 2)), list(rows))
	sgd := device.SGDAttr{Momentum: 0.9, WeightDecay: 5e-4}
	l.add(device.LinearUpdate, sgd, list(rows, logits, w, w, lr), list(w, w))
	l.add(device.SGD, sgd, list(w, w, w, lr), list(w, w))
	l.add(device.SGD, device.SGDAttr{}, list(w, w, lr), list(w))
	l.add(device.SGDVelocity, sgd, list(w, w, w), list(w))
	l.add(device.SGDWeight, sgd, list(w, w, lr), list(w))
	l.add(device.Lerp, device.LerpAttr{Weight: 0.1}, list(w, w), list(w))
	l.add(device.SquareLerp, device.LerpAttr{Weight: 0.1}, list(w, w), list(w))
	l.add(device.AdamWeight, device.AdamAttr{Eps: 1e-8}, list(w, w, w, lr, lr), list(w))
	l.add(device.LionWeight, device.LionAttr{Beta1: 0.9}, list(w, w, w, lr), list(w))
	l.add(device.SumSquares, nil, list(w), list(act()))
	l.add(device.ArgMax, nil, list(logits), list(&device.Tensor{Shape: []int{2}, DType: device.Int64}))
	l.add(device.Softmax, nil, list(logits), list(logits))
	for _, target := range []*device.Tensor{input(device.Int64, 2), input(device.Float32, 2, 37)} {
		a := device.CrossEntropyAttr{Smoothing: 0.1}
		l.add(device.SoftmaxCrossEntropy, a, list(logits, target), list(act()))
		l.add(device.SoftmaxCrossEntropyGrad, a, list(logits, target, act()), list(logits))
	}
}

func ExampleOptions() {
	d, err := cpu.New(cpu.Options{Threads: 1, ISA: "generic"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	fmt.Println(d.Describe())
	// Output: cpu, plain Go kernels, 1 thread
}
