package optest

import (
	"math"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Build makes a graph's result, of any float shape, from its inputs, in order.
type Build func(g *gorgonia.ExprGraph, in gorgonia.Nodes) (*gorgonia.Node, error)

// maxElements is the largest number of elements of an input that are varied; larger inputs
// are sampled.
const maxElements = 96

// GradCheck compares the gradients that gorgonia.Grad makes with central
// differences, in float64 on NewTapeMachine: of a weighted sum of build's result,
// with respect to every input that has a gradient. Inputs should be at least 1e-5 away from
// kinks, such as ReLU's.
func GradCheck(t testing.TB, build Build, inputs ...Input) {
	t.Helper()
	analytic := gradients(t, build, inputs, tensor.Float64)
	cost := newCost(t, build, inputs)
	defer cost.machine.Close()
	for i, in := range inputs {
		if !in.Differentiable() {
			continue
		}
		stride := (len(in.Float) + maxElements - 1) / maxElements
		bad := 0
		for e := 0; e < len(in.Float) && bad < 3; e += stride {
			numeric := cost.slope(t, i, in, e)
			got := analytic[in.Name][e]
			if d := math.Abs(got - numeric); !(d <= 2e-6*(1+math.Abs(numeric))) {
				t.Errorf("gradient of %s[%d] is %.10g, finite differences say %.10g", in.Name, e, got, numeric)
				bad++
			}
		}
	}
}

// Gradients returns the gradients of Σ wᵢ·yᵢ (see Weigh, seed 0) with respect to
// the differentiable inputs, by name, with the graph in type dt.
func Gradients(t testing.TB, dt tensor.Dtype, build Build, inputs ...Input) map[string][]float64 {
	t.Helper()
	return gradients(t, build, inputs, dt)
}

func gradients(t testing.TB, build Build, inputs []Input, dt tensor.Dtype) map[string][]float64 {
	t.Helper()
	g, nodes, loss := graph(t, build, inputs, dt)
	var wrt gorgonia.Nodes
	var names []string
	for i, in := range inputs {
		if in.Differentiable() {
			wrt, names = append(wrt, nodes[i]), append(names, in.Name)
		}
	}
	grads, err := gorgonia.Grad(loss, wrt...)
	if err != nil {
		t.Fatalf("gorgonia.Grad: %v", err)
	}
	run(t, g)
	result := map[string][]float64{}
	for i, name := range names {
		if !grads[i].Shape().Eq(wrt[i].Shape()) {
			t.Fatalf("gradient of %s has shape %v, want %v", name, grads[i].Shape(), wrt[i].Shape())
		}
		if grads[i].Dtype() != dt {
			t.Fatalf("gradient of %s is %v, want %v", name, grads[i].Dtype(), dt)
		}
		result[name] = Floats(grads[i].Value())
	}
	return result
}

// Forward returns the elements of build's result with the graph in type dt.
func Forward(t testing.TB, dt tensor.Dtype, build Build, inputs ...Input) []float64 {
	t.Helper()
	g := gorgonia.NewGraph()
	y, err := build(g, leaves(g, inputs, dt))
	if err != nil {
		t.Fatal(err)
	}
	run(t, g)
	return Floats(y.Value())
}

func run(t testing.TB, g *gorgonia.ExprGraph) {
	t.Helper()
	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatalf("TapeMachine: %v", err)
	}
}

func leaves(g *gorgonia.ExprGraph, inputs []Input, dt tensor.Dtype) gorgonia.Nodes {
	nodes := make(gorgonia.Nodes, len(inputs))
	for i, in := range inputs {
		nodes[i] = in.Node(g, dt)
	}
	return nodes
}

func graph(t testing.TB, build Build, inputs []Input, dt tensor.Dtype) (*gorgonia.ExprGraph, gorgonia.Nodes, *gorgonia.Node) {
	t.Helper()
	g := gorgonia.NewGraph()
	nodes := leaves(g, inputs, dt)
	y, err := build(g, nodes)
	if err != nil {
		t.Fatal(err)
	}
	loss, err := Weigh(y, 0)
	if err != nil {
		t.Fatal(err)
	}
	return g, nodes, loss
}

// cost is the forward graph as a function of its inputs.
type cost struct {
	nodes   gorgonia.Nodes
	loss    *gorgonia.Node
	machine gorgonia.VM
}

func newCost(t testing.TB, build Build, inputs []Input) *cost {
	t.Helper()
	g, nodes, loss := graph(t, build, inputs, tensor.Float64)
	return &cost{nodes, loss, gorgonia.NewTapeMachine(g)}
}

// slope is the central difference of the cost in element e of input i.
func (c *cost) slope(t testing.TB, i int, in Input, e int) float64 {
	t.Helper()
	x := in.Float[e]
	step := 1e-5 * math.Max(1, math.Min(math.Abs(x), 10))
	up, down := x+step, x-step
	rise := c.at(t, i, in, e, up) - c.at(t, i, in, e, down)
	c.at(t, i, in, e, x)
	return rise / (up - down)
}

func (c *cost) at(t testing.TB, i int, in Input, e int, v float64) float64 {
	t.Helper()
	if len(in.Shape) == 0 {
		if err := gorgonia.Let(c.nodes[i], v); err != nil {
			t.Fatal(err)
		}
	} else {
		c.nodes[i].Value().(*tensor.Dense).Set(e, v)
	}
	c.machine.Reset()
	if err := c.machine.RunAll(); err != nil {
		t.Fatalf("TapeMachine: %v", err)
	}
	return Floats(c.loss.Value())[0]
}
