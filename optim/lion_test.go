package optim_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/nntest"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
)

// TestLionAsTimm makes the steps that timm's Lion makes, on Gorgonia's machine.
func TestLionAsTimm(t *testing.T) {
	type result struct {
		Decay float64
		Betas [2]float64
		Steps []struct{ W, M []float64 }
	}
	for name, c := range nntest.ReadGolden[result](t, "testdata/lion.json") {
		w := optest.Random("w", 1, 6)
		m := make([]float64, 6)
		for i, want := range c.Steps {
			g := gorgonia.NewGraph()
			leaf := func(in optest.Input) *gorgonia.Node { return in.Node(g, tensor.Float64) }
			p := &nn.Param{Name: "w", Role: nn.Weight, Shape: []int{6}, Node: leaf(w)}
			lr := leaf(optest.Input{Name: "lr", Float: []float64{0.1 / float64(1+i)}})
			o := optim.Lion{LR: 0.1, Betas: c.Betas, WeightDecay: c.Decay}
			u, err := o.Update(p, leaf(optest.Random("g", uint64(10+i), 6)), optim.Inputs{LR: lr})
			if err != nil {
				t.Fatal(err)
			}
			if err := gorgonia.Let(u.Slots[0].Node, tensor.New(tensor.WithBacking(m))); err != nil {
				t.Fatal(err)
			}
			machine := gorgonia.NewTapeMachine(g)
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
			machine.Close()
			w.Float, m = optest.Floats(u.Value.Value()), optest.Floats(u.Slots[0].Next.Value())
			for j := range want.W {
				if math.Abs(w.Float[j]-want.W[j]) > 1e-12 || math.Abs(m[j]-want.M[j]) > 1e-12 {
					t.Fatalf("%s, step %d, element %d: weight %v and mean %v, timm has %v and %v", name, i, j, w.Float[j], m[j], want.W[j], want.M[j])
				}
			}
		}
	}
}

func TestLionSettings(t *testing.T) {
	for _, c := range []struct {
		o    optim.Lion
		want string
	}{
		{optim.Lion{}, "Lion.LR"},
		{optim.Lion{LR: 1, Betas: [2]float64{0.9, 1}}, "Lion.Betas[1]"},
		{optim.Lion{LR: 1, WeightDecay: -1}, "Lion.WeightDecay"},
		{optim.Lion{LR: 1, Groups: optim.Groups{{}}}, "Lion.Groups[0]"},
	} {
		if err := c.o.Validate(); !errors.Is(err, optim.ErrConfig) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.o, err, c.want)
		}
	}
	made, err := optim.New("lion", optim.Config{LR: 1e-4, WeightDecay: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	if o := made.(optim.Lion); o.Betas != [2]float64{0.9, 0.99} || o.LR != 1e-4 || o.WeightDecay != 0.1 {
		t.Errorf("optim.name=lion makes %+v", o)
	}
}
