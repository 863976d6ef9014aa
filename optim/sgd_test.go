package optim_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/nntest"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
)

// small is the network of internal/gen/golden/layers.py.
func small() nn.Module {
	return nn.NewSequential(&nn.Conv2D{In: 2, Out: 3, Kernel: 3, Bias: true}, &nn.BatchNorm2D{Channels: 3}, &nn.ReLU{},
		&nn.Flatten{}, &nn.Linear{In: 12, Out: 3})
}

// training is a graph of one step, run by Gorgonia's own machine, assignments by hand.
type training struct {
	t      *testing.T
	graph  *nn.Graph
	loss   *gorgonia.Node
	assign map[*gorgonia.Node]*gorgonia.Node
}

func let(t *testing.T, leaf *gorgonia.Node, backing any) {
	t.Helper()
	var value any = backing
	if len(leaf.Shape()) > 0 {
		value = tensor.New(tensor.WithShape(leaf.Shape()...), tensor.WithBacking(backing))
	}
	if err := gorgonia.Let(leaf, value); err != nil {
		t.Fatal(err)
	}
}

func newTraining(t *testing.T, o optim.Optimizer) *training {
	t.Helper()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	g, err := nn.Trace(small(), []int{3, 2, 4, 4}, nn.Options{Training: true, DType: tensor.Float64})
	if err != nil {
		t.Fatal(err)
	}
	labels, loss, _, err := nn.CrossEntropy{}.Loss(g)
	if err != nil {
		t.Fatal(err)
	}
	x := optest.Values(1, 1, 0, 3, 2, 4, 4)
	for i, v := range x {
		x[i] = float64(float32(v))
	}
	let(t, g.Input, x)
	let(t, labels, []int64{2, 0, 1})
	tr := &training{t: t, graph: g, loss: loss, assign: map[*gorgonia.Node]*gorgonia.Node{}}
	for _, b := range g.Buffers {
		let(t, b.Node, optest.Named(b.Name, b.Shape...))
		tr.assign[b.Node] = b.Next
	}
	var wrt gorgonia.Nodes
	for _, p := range g.Params {
		let(t, p.Node, optest.Named(p.Name, p.Shape...))
		wrt = append(wrt, p.Node)
	}
	grads, err := gorgonia.Grad(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range g.Params {
		tr.update(o, p, grads[i])
	}
	return tr
}

// update adds the update of p, with the learning rate of its group.
func (tr *training) update(o optim.Optimizer, p *nn.Param, gradient *gorgonia.Node) {
	tr.t.Helper()
	lr := gorgonia.NewScalar(tr.graph.G, tensor.Float64, gorgonia.WithName("lr of "+p.Name))
	let(tr.t, lr, o.Rate()*o.RateScale(p))
	up, err := o.Update(p, gradient, optim.Inputs{LR: lr})
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.assign[p.Node] = up.Value
	for _, s := range up.Slots {
		let(tr.t, s.Node, make([]float64, p.Elements()))
		tr.assign[s.Node] = s.Next
	}
}

func (tr *training) run(steps int) (losses []float64) {
	tr.t.Helper()
	machine := gorgonia.NewTapeMachine(tr.graph.G)
	defer machine.Close()
	for range steps {
		if err := machine.RunAll(); err != nil {
			tr.t.Fatal(err)
		}
		losses = append(losses, optest.Floats(tr.loss.Value())...)
		next := map[*gorgonia.Node][]float64{}
		for leaf, value := range tr.assign {
			next[leaf] = slices.Clone(optest.Floats(value.Value()))
		}
		for leaf, value := range next {
			let(tr.t, leaf, value)
		}
		machine.Reset()
	}
	return losses
}

// TestSGDAsPyTorch compares four steps with torch.optim.SGD in several settings.
func TestSGDAsPyTorch(t *testing.T) {
	head := optim.Group{Match: optim.Named("4.weight"), RateScale: new(0.1)} // keeps the decay of 0.01
	settings := map[string]optim.SGD{
		"plain":         {LR: 0.05},
		"decay":         {LR: 0.05, WeightDecay: 0.01},
		"momentum":      {LR: 0.05, WeightDecay: 0.01, Momentum: 0.9},
		"nesterov":      {LR: 0.05, WeightDecay: 0.01, Momentum: 0.9, Nesterov: true},
		"no bias decay": {LR: 0.05, WeightDecay: 0.01, Momentum: 0.9, Nesterov: true, Groups: []optim.Group{optim.NoBiasDecay()}},
		"groups":        {LR: 0.05, WeightDecay: 0.01, Momentum: 0.9, Groups: []optim.Group{head, optim.NoBiasDecay()}},
	}
	type result struct {
		Losses []float64
		Params map[string][]float64
	}
	want := nntest.ReadGolden[result](t, "testdata/sgd.json")
	if len(want) != len(settings) {
		t.Errorf("sgd.json has %d cases, want %d", len(want), len(settings))
	}
	for name, o := range settings {
		t.Run(name, func(t *testing.T) {
			tr := newTraining(t, o)
			nntest.Near(t, "losses", tr.run(4), want[name].Losses)
			for _, p := range tr.graph.Params {
				nntest.Near(t, p.Name, optest.Floats(p.Node.Value()), want[name].Params[p.Name])
			}
		})
	}
}

// TestSlots checks what is kept from step to step.
func TestSlots(t *testing.T) {
	for _, c := range []struct {
		o    optim.SGD
		want int
	}{{optim.SGD{LR: 1}, 0}, {optim.SGD{LR: 1, WeightDecay: 1}, 0}, {optim.SGD{LR: 1, Momentum: 0.5}, 1}} {
		g, err := nn.Trace(small(), []int{3, 2, 4, 4}, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := g.Params[0]
		grad := gorgonia.NewTensor(g.G, tensor.Float32, 4, gorgonia.WithShape(p.Shape...), gorgonia.WithName("gradient"))
		lr := gorgonia.NewScalar(g.G, tensor.Float32, gorgonia.WithName("lr"))
		up, err := c.o.Update(p, grad, optim.Inputs{LR: lr})
		if err != nil {
			t.Fatal(err)
		}
		if len(up.Slots) != c.want || up.Value == nil || !up.Value.Shape().Eq(tensor.Shape(p.Shape)) {
			t.Errorf("%+v: update %+v, want %d slots", c.o, up, c.want)
		}
		for _, s := range up.Slots {
			if s.Name != "momentum" || !s.Node.Shape().Eq(tensor.Shape(p.Shape)) || s.Next == nil {
				t.Errorf("slot %+v", s)
			}
		}
		wrong := gorgonia.NewTensor(g.G, tensor.Float32, 1, gorgonia.WithShape(3), gorgonia.WithName("wrong"))
		if _, err := c.o.Update(p, wrong, optim.Inputs{LR: lr}); err == nil || !strings.Contains(err.Error(), "0.weight") || !strings.Contains(err.Error(), "[3]") {
			t.Errorf("a gradient of shape [3]: error %v", err)
		}
	}
}

// TestValidate reads the message of each bad setting.
func TestValidate(t *testing.T) {
	every := func(*nn.Param) bool { return true }
	nan, inf := math.NaN(), math.Inf(1)
	good := optim.SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-4, Nesterov: true, Groups: []optim.Group{{Match: every, RateScale: new(1.0)}, optim.NoBiasDecay()}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		change func(o *optim.SGD)
		want   []string
	}{
		{func(o *optim.SGD) { o.LR = 0 }, []string{"SGD.LR", "0", "greater than 0"}},
		{func(o *optim.SGD) { o.LR = -1e-3 }, []string{"SGD.LR", "-0.001"}},
		{func(o *optim.SGD) { o.LR = nan }, []string{"SGD.LR", "NaN"}},
		{func(o *optim.SGD) { o.LR = inf }, []string{"SGD.LR", "+Inf"}},
		{func(o *optim.SGD) { o.Momentum = 1 }, []string{"SGD.Momentum", "0 ≤ momentum < 1"}},
		{func(o *optim.SGD) { o.Momentum = -0.1 }, []string{"SGD.Momentum", "-0.1"}},
		{func(o *optim.SGD) { o.Momentum = nan }, []string{"SGD.Momentum", "NaN"}},
		{func(o *optim.SGD) { o.WeightDecay = -1 }, []string{"SGD.WeightDecay", "-1"}},
		{func(o *optim.SGD) { o.WeightDecay = nan }, []string{"SGD.WeightDecay", "NaN"}},
		{func(o *optim.SGD) { o.WeightDecay = inf }, []string{"SGD.WeightDecay", "+Inf"}},
		{func(o *optim.SGD) { o.Momentum = 0 }, []string{"SGD.Nesterov = true", "momentum greater than 0"}},
		{func(o *optim.SGD) { o.Groups[1].Match = nil }, []string{"SGD.Groups[1]", "Match"}},
		{func(o *optim.SGD) { o.Groups[0].WeightDecay = new(-1.0) }, []string{"SGD.Groups[0]", "WeightDecay"}},
		{func(o *optim.SGD) { o.Groups[0].RateScale = nil }, []string{"SGD.Groups[0]", "it sets nothing"}},
		{func(o *optim.SGD) { o.Groups[0].WeightDecay = &inf }, []string{"SGD.Groups[0]", "+Inf"}},
		{func(o *optim.SGD) { o.Groups[0].RateScale = &nan }, []string{"SGD.Groups[0]", "RateScale"}},
	} {
		o := good
		o.Groups = slices.Clone(good.Groups)
		c.change(&o)
		err := o.Validate()
		if !errors.Is(err, optim.ErrConfig) {
			t.Errorf("%+v: error %v", o, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
	}
}

// TestWeightDecayParams parts the parameters of real models.
func TestWeightDecayParams(t *testing.T) {
	for _, c := range []struct {
		name           string
		decay, noDecay int
	}{{"resnet50d", 56, 111}, {"resnet50", 54, 107}, {"vgg16", 16, 16}, {"vgg16_bn", 16, 42}} {
		m, err := models.New(c.name, models.Config{Classes: 37})
		if err != nil {
			t.Fatal(err)
		}
		g, err := nn.Trace(m, []int{1, 3, 64, 64}, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		decay, noDecay := optim.WeightDecayParams(g.Params)
		if len(decay) != c.decay || len(noDecay) != c.noDecay || len(decay)+len(noDecay) != len(g.Params) {
			t.Errorf("%s: %d decay and %d do not, of %d, want %d and %d", c.name, len(decay), len(noDecay), len(g.Params), c.decay, c.noDecay)
		}
		group := optim.NoBiasDecay()
		for _, p := range decay {
			if len(p.Shape) < 2 || group.Match(p) {
				t.Errorf("%s: %s %v decays", c.name, p.Name, p.Shape)
			}
		}
		for _, p := range noDecay {
			if len(p.Shape) != 1 || !group.Match(p) || *group.WeightDecay != 0 || group.RateScale != nil {
				t.Errorf("%s: %s %v does not decay, group %+v", c.name, p.Name, p.Shape, group)
			}
		}
	}
}
