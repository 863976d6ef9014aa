// Package nntest checks modules of package nn: gradients against finite differences,
// and values against files made elsewhere, on Gorgonia's own machine in float64.
package nntest

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/nn"
)

// Network is a traced module, its leaves filled by optest.Named and its input by
// optest.Random of seed 1.
type Network struct {
	*nn.Graph
	// Loss is Σ wᵢ·yᵢ over the output: optest.Weigh of seed 0.
	Loss *gorgonia.Node
	t    testing.TB
}

// New traces a module in float64.
func New(t testing.TB, m nn.Module, training bool, shape ...int) *Network {
	t.Helper()
	g, err := nn.Trace(m, shape, nn.Options{Training: training, DType: tensor.Float64})
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{Graph: g, t: t}
	n.let(g.Input, optest.Values(1, 1, 0, shape...))
	for _, p := range g.Params {
		n.let(p.Node, optest.Named(p.Name, p.Shape...))
	}
	for _, b := range g.Buffers {
		n.let(b.Node, optest.Named(b.Name, b.Shape...))
	}
	if g.RNG != nil {
		n.let(g.RNG, []int64{7, 1})
	}
	if n.Loss, err = optest.Weigh(g.Output, 0); err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *Network) let(leaf *gorgonia.Node, backing any) {
	n.t.Helper()
	if err := gorgonia.Let(leaf, tensor.New(tensor.WithShape(leaf.Shape()...), tensor.WithBacking(backing))); err != nil {
		n.t.Fatal(err)
	}
}

// Run computes the graph once.
func (n *Network) Run() {
	n.t.Helper()
	machine := gorgonia.NewTapeMachine(n.G)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		n.t.Fatal(err)
	}
}

// Gradients computes the graph and the gradients of Loss, by name; the input's is "input".
func (n *Network) Gradients() map[string][]float64 {
	n.t.Helper()
	names, wrt := n.leaves()
	grads, err := gorgonia.Grad(n.Loss, wrt...)
	if err != nil {
		n.t.Fatal(err)
	}
	n.Run()
	of := map[string][]float64{}
	for i, name := range names {
		of[name] = optest.Floats(grads[i].Value())
	}
	return of
}

func (n *Network) leaves() (names []string, nodes gorgonia.Nodes) {
	names, nodes = []string{"input"}, gorgonia.Nodes{n.Input}
	for _, p := range n.Params {
		names, nodes = append(names, p.Name), append(nodes, p.Node)
	}
	return names, nodes
}

// moved is the largest number of elements of a leaf that GradCheck varies; larger leaves are
// sampled.
const moved = 40

// GradCheck compares the gradients of a module's input and parameters with central
// differences of Loss.
func GradCheck(t testing.TB, m nn.Module, training bool, shape ...int) {
	t.Helper()
	want := New(t, m, training, shape...).Gradients()
	n := New(t, m, training, shape...)
	machine := gorgonia.NewTapeMachine(n.G)
	defer machine.Close()
	loss := func() float64 {
		machine.Reset()
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		return optest.Floats(n.Loss.Value())[0]
	}
	names, leaves := n.leaves()
	for i, leaf := range leaves {
		value := leaf.Value().(*tensor.Dense)
		size, bad := leaf.Shape().TotalSize(), 0
		for k := 0; k < min(size, moved) && bad < 3; k++ {
			e := k * size / min(size, moved)
			x := value.Get(e).(float64)
			const step = 1e-5
			value.Set(e, x+step)
			rise := loss()
			value.Set(e, x-step)
			slope := (rise - loss()) / (2 * step)
			value.Set(e, x)
			if got := want[names[i]][e]; !(math.Abs(got-slope) <= 2e-6*(1+math.Abs(slope))) {
				t.Errorf("gradient of %s[%d] is %.10g, finite differences say %.10g", names[i], e, got, slope)
				bad++
			}
		}
	}
}

// Golden are a module's values in PyTorch, written by internal/gen/golden/layers.py.
type Golden struct {
	Input, Shape         []int // shapes of input and output
	Evaluation, Training []float64
	Gradients            map[string][]float64 // of Loss, at most 24 elements each
	Buffers              map[string][]float64 // after a training step
}

// ReadGolden reads a file of named results.
func ReadGolden[T any](t testing.TB, path string) map[string]T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]T
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return cases
}

// Compare runs a module in both modes and compares everything with PyTorch's values.
func Compare(t *testing.T, m nn.Module, want Golden) {
	t.Helper()
	n := New(t, m, false, want.Input...)
	n.Run()
	Near(t, "output in evaluation", optest.Floats(n.Output.Value()), want.Evaluation)
	n = New(t, m, true, want.Input...)
	grads := n.Gradients()
	Near(t, "output in training", optest.Floats(n.Output.Value()), want.Training)
	if !n.Output.Shape().Eq(tensor.Shape(want.Shape)) {
		t.Errorf("the output has shape %v, want %v", n.Output.Shape(), want.Shape)
	}
	if len(grads) != len(want.Gradients) || len(n.Buffers) != len(want.Buffers) {
		t.Errorf("%d gradients and %d buffers, want %d and %d", len(grads), len(n.Buffers), len(want.Gradients), len(want.Buffers))
	}
	for name, g := range want.Gradients {
		Near(t, "gradient of "+name, some(grads[name]), g)
	}
	for _, b := range n.Buffers {
		Near(t, b.Name, some(optest.Floats(b.Next.Value())), want.Buffers[b.Name])
	}
}

// some are at most 24 elements spread over a tensor.
func some(v []float64) []float64 {
	s := make([]float64, min(len(v), 24))
	for i := range s {
		s[i] = v[i*len(v)/len(s)]
	}
	return s
}

// Near compares with a tolerance of 1e-9 times the greatest value, or times 1.
func Near(t testing.TB, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	top := 1.0
	for _, v := range want {
		top = math.Max(top, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-9*top) {
			t.Errorf("%s[%d] is %.14g, want %.14g", what, i, got[i], want[i])
			return
		}
	}
}
