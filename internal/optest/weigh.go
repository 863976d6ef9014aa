package optest

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// weigh reduces a tensor to the scalar Σ wᵢ·yᵢ with fixed pseudo-random weights, so that the
// gradients of all elements differ and are not 0. Its gradient is spread.
type weigh struct {
	typ   hm.Type
	dt    tensor.Dtype
	shape tensor.Shape
	seed  uint64
}

// Weigh is the scalar Σ wᵢ·yᵢ with weights hashed from seed. y is float32 or float64.
func Weigh(y *gorgonia.Node, seed uint64) (*gorgonia.Node, error) {
	return gorgonia.ApplyOp(&weigh{y.Type(), y.Dtype(), y.Shape().Clone(), seed}, y)
}

func (w *weigh) Arity() int    { return 1 }
func (w *weigh) Type() hm.Type { return hm.NewFnType(w.typ, w.dt) }
func (w *weigh) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.ScalarShape(), nil
}
func (w *weigh) ReturnsPtr() bool      { return false }
func (w *weigh) CallsExtern() bool     { return false }
func (w *weigh) OverwritesInput() int  { return -1 }
func (w *weigh) WriteHash(h hash.Hash) { fmt.Fprint(h, w) }
func (w *weigh) Hashcode() uint32      { return hashcode(w) }
func (w *weigh) String() string        { return fmt.Sprintf("weigh{%v%v %d}", w.typ, w.shape, w.seed) }
func (w *weigh) DiffWRT(int) []bool    { return []bool{true} }

func (w *weigh) SymDiff(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
	dx, err := gorgonia.ApplyOp(&spread{w}, dy)
	return gorgonia.Nodes{dx}, err
}

func (w *weigh) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	var sum float64
	for i, v := range Floats(in[0]) {
		sum += v * Uniform(w.seed, uint64(i))
	}
	if w.dt == tensor.Float32 {
		return gorgonia.NewF32(float32(sum)), nil
	}
	return gorgonia.NewF64(sum), nil
}

// spread is the gradient of weigh: dyᵢ = wᵢ·dscalar.
type spread struct{ *weigh }

func (s *spread) Type() hm.Type                                         { return hm.NewFnType(s.dt, s.typ) }
func (s *spread) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return s.shape.Clone(), nil }
func (s *spread) WriteHash(h hash.Hash)                                 { fmt.Fprint(h, s) }
func (s *spread) Hashcode() uint32                                      { return hashcode(s) }
func (s *spread) String() string                                        { return "spread " + s.weigh.String() }
func (s *spread) DiffWRT(int) []bool                                    { return []bool{false} }
func (s *spread) SymDiff(_ gorgonia.Nodes, _, _ *gorgonia.Node) (gorgonia.Nodes, error) {
	return nil, fmt.Errorf("optest: %v has no gradient", s)
}

func (s *spread) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	dy := Floats(in[0])[0]
	x := Input{Shape: s.shape, Float: Values(s.seed, dy, 0, s.shape...)}
	return x.Node(gorgonia.NewGraph(), s.dt).Value(), nil
}

func hashcode(op gorgonia.Op) uint32 {
	h := fnv.New32a()
	op.WriteHash(h)
	return h.Sum32()
}
