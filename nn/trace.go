package nn

import (
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/op"
)

// Options are the settings of Trace.
type Options struct {
	Training bool
	DType    tensor.Dtype // tensor.Float64, or tensor.Float32, which is the default
	// KeepStatistics selects, by path, the BatchNorms that use their running statistics in
	// training too and do not update them: PyTorch's eval() on that layer. nil: none.
	KeepStatistics func(path string) bool
}

// Graph is a module's graph for inputs of one shape.
type Graph struct {
	G             *gorgonia.ExprGraph
	Input, Output *gorgonia.Node
	RNG           *gorgonia.Node // {seed, step}, nil if nothing is random
	Params        []*Param       // in the order of their declaration
	Buffers       []*Buffer
	Counters      []string // int64 scalars that count training steps
	Layers        []Layer
	Training      bool
	DType         tensor.Dtype
}

// Trace runs m's Forward on an input of the shape [N, C, H, W], or any other that
// the module takes. Panics of Forward come back as errors.
func Trace(m Module, input []int, o Options) (g *Graph, err error) {
	s := &Scope{graph: gorgonia.NewGraph(), training: o.Training, keep: o.KeepStatistics, dtype: o.DType, names: map[string]bool{"input": true}}
	defer func() {
		if r := recover(); r != nil {
			g, err = nil, s.err // the panic is likely a consequence of the first error
			if err == nil {
				err = errorf("", ErrModule, "%T panicked: %v", m, r)
			}
		}
	}()
	if s.dtype == (tensor.Dtype{}) {
		s.dtype = tensor.Float32
	}
	if err := check(m, input, s.dtype); err != nil {
		return nil, err
	}
	if s.paths, err = paths(m); err != nil {
		return nil, err
	}
	x := gorgonia.NewTensor(s.graph, s.dtype, len(input), gorgonia.WithShape(input...), gorgonia.WithName("input"))
	y := m.Forward(s, x)
	if s.err == nil && y == nil {
		s.Errorf(m, ErrModule, "Forward returned no node")
	}
	if s.err != nil {
		return nil, s.err
	}
	return &Graph{
		G: s.graph, Input: x, Output: y, RNG: s.rng, Params: s.params, Buffers: s.buffers, Counters: s.counters,
		Layers: s.layers, Training: o.Training, DType: s.dtype,
	}, nil
}

// check validates the arguments of Trace.
func check(m Module, input []int, dt tensor.Dtype) error {
	switch {
	case isNil(m):
		return errorf("", ErrModule, "the module is nil")
	case dt != tensor.Float32 && dt != tensor.Float64:
		return errorf("", op.ErrType, "networks compute in float32 or float64, not %v", dt)
	case len(input) == 0 || slices.Min(input) < 1:
		return errorf("", ErrShape, "the input's shape %v has an empty axis", input)
	}
	return nil
}

// Parameters returns the number of elements of all parameters.
func (g *Graph) Parameters() int {
	n := 0
	for _, p := range g.Params {
		n += p.Elements()
	}
	return n
}

// MultiplyAdds returns the multiply-adds of a forward pass for one input of the batch.
func (g *Graph) MultiplyAdds() int64 {
	var n int64
	for _, l := range g.Layers {
		n += l.MultiplyAdds
	}
	return n / int64(g.Input.Shape()[0])
}
