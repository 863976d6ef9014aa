package engine_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// summing is a device that refuses to add the gradients of parameters to what is there.
type summing struct{ device.Device }

func (d summing) Supports(s *device.Step) bool {
	return !(s.Accumulate && s.Kind.Result(0).Param()) && d.Device.Supports(s)
}

// TestGradientsAreSummedInTheirSlots adds gradients to slots over several runs, in products
// of few and of many pixels, beside a slot whose old value has another reader, one that two
// slots are given, and one that is an output.
func TestGradientsAreSummedInTheirSlots(t *testing.T) {
	type sums struct {
		values map[string][]float32
		text   string
	}
	run := func(dev device.Device, pixels int) sums {
		g := G.NewGraph()
		x := optest.Random("x", 1, 2, 5, pixels, pixels).Node(g, tensor.Float32)
		spec := engine.Spec{Graph: g, Inputs: []*G.Node{x}, Slots: map[*G.Node]string{}, Poison: true}
		st := engine.NewState(dev)
		defer st.Close()
		slot := func(name string, seed uint64, shape ...int) *G.Node {
			n := optest.Random(name, seed, shape...).Node(g, tensor.Float32)
			if err := st.Add(name, shape, device.Float32, n.Value().Data()); err != nil {
				t.Fatal(err)
			}
			spec.Slots[n] = name
			return n
		}
		var params G.Nodes
		h := x
		for i, name := range []string{"a", "b", "c", "d"} {
			w := slot(name, uint64(10+i), 5, 5, 3, 3)
			params = append(params, w)
			h = G.Must(op.Conv2D(name, h, w, op.Conv2DOptions{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}}))
		}
		bias := slot("bias", 20, 5)
		params = append(params, bias)
		h = G.Must(op.BiasAdd("bias", h, bias))
		labels := G.NewVector(g, tensor.Int64, G.WithValue(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int64{0, 3}))), G.WithName("labels"))
		pooled := G.Must(op.Flatten("flat", G.Must(op.AdaptiveAvgPool2D("pool", h, 1, 1))))
		grads, err := G.Grad(G.Must(op.SoftmaxCrossEntropy("loss", pooled, labels, 0)), params...)
		if err != nil {
			t.Fatal(err)
		}
		assign := func(name string, v *G.Node) {
			spec.Assign = append(spec.Assign, engine.Assignment{Slot: name, Value: v})
		}
		before := map[string]*G.Node{}
		for i, p := range params {
			name := "grad/" + p.Name()
			before[p.Name()] = slot(name, uint64(30+i), p.Shape()...)
			sum := G.Must(op.Add(name, before[p.Name()], grads[i]))
			switch p.Name() {
			case "c": // two slots are given the same sum
				slot("again", 40, 5, 5, 3, 3)
				assign("again", sum)
			case "d": // an output
				spec.Outputs = append(spec.Outputs, sum)
			}
			assign(name, sum)
		}
		slot("old", 41, 5, 5, 3, 3) // gets the sum of before this run
		assign("old", before["b"])
		p, err := engine.Compile(dev, st, spec)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		result := sums{map[string][]float32{}, p.Explain()}
		for range 3 {
			if err := errors.Join(p.Bind(x, x.Value().Data()), p.Run()); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range st.Names() {
			shape, _ := st.Shape(name)
			host := make([]float32, tensor.Shape(shape).TotalSize())
			if err := st.Read(name, host); err != nil {
				t.Fatal(err)
			}
			result.values[name] = host
		}
		return result
	}
	for _, kernels := range []string{"", "generic"} {
		for _, pixels := range []int{3, 40} {
			dev := testdevice.Open(t, device.Options{Kernels: kernels})
			want, got := run(summing{dev}, pixels), run(dev, pixels)
			for name, w := range want.values {
				for i, v := range got.values[name] {
					if d := v - w[i]; !(d <= 1e-4 && d >= -1e-4) {
						t.Fatalf("%s %d: %s[%d] is %v, want %v", kernels, pixels, name, i, v, w[i])
					}
				}
			}
			if slices.Equal(got.values["old"], got.values["grad/b"]) {
				t.Error("the old sum is the new one")
			}
			summed := func(text string) int {
				return strings.Count(text, "GradWeight+sum") + strings.Count(text, "ChannelSum+sum")
			}
			if summed(want.text) != 0 {
				t.Errorf("summed on a device that refuses:\n%s", want.text)
			}
			// a and the bias: the other sums have more readers, or their slots have
			if k := testdevice.Kernels(dev); (k == "avx2" || k == "avx512") && summed(got.text) != 2 {
				t.Errorf("%d gradients are summed in their slots, want 2:\n%s", summed(got.text), got.text)
			}
		}
	}
}

// willing is a device that takes whatever it is asked for beyond plain steps, and asked is
// what it should not have been asked for.
type willing struct {
	device.Device
	asked *[]string
}

func (d willing) Supports(s *device.Step) bool {
	if s.Kind == device.Host || s.Accumulate && !s.Kind.Accumulates() {
		*d.asked = append(*d.asked, s.Kind.String())
		return true
	}
	return d.Device.Supports(s)
}

// TestOnlyWhatAccumulatesIsAskedFor sums results of a foreign operator and of a kind that
// does not accumulate: a device is not asked for either.
func TestOnlyWhatAccumulatesIsAskedFor(t *testing.T) {
	dev := willing{testdevice.Open(t, device.Options{}), new([]string)}
	g := G.NewGraph()
	x := optest.Random("x", 1, 2, 3, 4, 4).Node(g, tensor.Float32)
	foreign := G.Must(op.Add("foreign", G.Must(G.Tanh(x)), G.Must(G.Sin(x))))
	plain := G.Must(op.Add("plain", G.Must(op.ReLU("relu", foreign)), G.Must(G.Cos(foreign))))
	st := engine.NewState(dev)
	defer st.Close()
	p, err := engine.Compile(dev, st, engine.Spec{Graph: g, Inputs: []*G.Node{x}, Outputs: []*G.Node{plain}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	host := x.Value().Data().([]float32)
	if err := errors.Join(p.Bind(x, host), p.Run()); err != nil {
		t.Fatal(err)
	}
	if len(*dev.asked) > 0 {
		t.Errorf("the device was asked whether it accumulates in %v", *dev.asked)
	}
	got := make([]float32, len(host))
	if err := p.Read(plain, got); err != nil {
		t.Fatal(err)
	}
	for i, v := range host {
		f := math.Tanh(float64(v)) + math.Sin(float64(v))
		if want := max(f, 0) + math.Cos(f); math.Abs(float64(got[i])-want) > 1e-5 {
			t.Fatalf("element %d is %v, want %v", i, got[i], want)
		}
	}
}
