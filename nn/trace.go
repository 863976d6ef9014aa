package nn

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Options say how a module is traced.
type Options struct {
	Training bool
	DType    tensor.Dtype // tensor.Float64, or tensor.Float32, which is the default
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
	if o.DType == (tensor.Dtype{}) {
		o.DType = tensor.Float32
	}
	if m == nil {
		return nil, fmt.Errorf("nn: %w: there is no module", ErrModule)
	}
	for _, d := range input {
		if d < 1 {
			return nil, fmt.Errorf("nn: %w: the input's shape %v has an empty axis", ErrShape, input)
		}
	}
	of, err := paths(m)
	if err != nil {
		return nil, err
	}
	s := &Scope{graph: gorgonia.NewGraph(), training: o.Training, dtype: o.DType, paths: of, names: map[string]bool{}}
	x := gorgonia.NewTensor(s.graph, s.dtype, len(input), gorgonia.WithShape(input...), gorgonia.WithName("input"))
	defer func() {
		if r := recover(); r != nil {
			g, err = nil, s.err
			if err == nil {
				err = fmt.Errorf("nn: %w: Forward of %T panicked: %v", ErrModule, m, r)
			}
		}
	}()
	y := m.Forward(s, x)
	if s.err == nil && y == nil {
		s.Errorf(m, ErrModule, "Forward returned no node")
	}
	if s.err != nil {
		return nil, s.err
	}
	return &Graph{
		G: s.graph, Input: x, Output: y, RNG: s.rng, Params: s.params, Buffers: s.buffers, Counters: s.counters,
		Layers: s.layers, Training: o.Training, DType: o.DType,
	}, nil
}

// Parameters is the number of elements of all parameters.
func (g *Graph) Parameters() int {
	n := 0
	for _, p := range g.Params {
		n += p.Elements()
	}
	return n
}

// MultiplyAdds counts the multiplications of a forward pass for one input of the batch.
func (g *Graph) MultiplyAdds() int64 {
	var n int64
	for _, l := range g.Layers {
		n += l.MultiplyAdds
	}
	return n / int64(g.Input.Shape()[0])
}
