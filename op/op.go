package op

import (
	"fmt"
	"hash"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// Operator is what every operator of this package implements, so that an engine
// can turn a node into one step of a device: kind, attribute, the node's children
// as the step's inputs in order, the node as its output.
type Operator interface {
	gorgonia.Op
	// Kind is the kind of step.
	Kind() device.Kind
	// Attr is the attribute struct that the kind names, by value, or nil.
	Attr() any
	// Path is the path of the layer that the operator belongs to.
	Path() string
}

var (
	_ Operator      = (*operator)(nil)
	_ gorgonia.SDOp = (*operator)(nil)
)

// operator implements all operators. Constructors fill it once types and shapes
// of the operands are known; it does not change afterwards.
type operator struct {
	kind device.Kind
	attr any
	path string

	out   hm.Type      // type of the result
	shape tensor.Shape // shape of the result
	in    []operand    // filled by apply

	// differentiable marks the operands that have a gradient; nil means none.
	differentiable []bool
	// grad builds the gradients of the operands from the operands, the result
	// and its gradient; nil where an operand has none.
	grad func(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error)
	// check, optional, validates the operands' elements before Do runs.
	check func(o *operator, in []any) error
}

// operand is the type and shape that an operator was built for.
type operand struct {
	typ   hm.Type
	shape tensor.Shape
}

// apply makes the node of an operator.
func apply(o *operator, in ...*gorgonia.Node) (*gorgonia.Node, error) {
	o.in = make([]operand, len(in))
	for i, n := range in {
		o.in[i] = operand{n.Type(), n.Shape().Clone()}
	}
	if o.differentiable == nil {
		o.differentiable = make([]bool, len(in))
	}
	y, err := gorgonia.ApplyOp(o, in...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where(o.kind, o.path), err)
	}
	return y, nil
}

// Kind is the kind of step.
func (o *operator) Kind() device.Kind { return o.kind }

// Attr is the attribute struct that the kind names, or nil.
func (o *operator) Attr() any { return o.attr }

// Path is the path of the operator's layer.
func (o *operator) Path() string { return o.path }

// Arity is the number of operands.
func (o *operator) Arity() int { return len(o.in) }

// Type is the function type of the operands that the operator was built for. Gorgonia
// returns it to a pool after use, so it is a fresh one each time.
func (o *operator) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, in := range o.in {
		types = append(types, in.typ)
	}
	return hm.NewFnType(append(types, o.out)...)
}

// InferShape checks the operands' shapes against those that the operator was
// built for and returns the result's.
func (o *operator) InferShape(shapes ...gorgonia.DimSizer) (tensor.Shape, error) {
	if len(shapes) != len(o.in) {
		return nil, o.errorf(ErrShape, "%d operands, want %d", len(shapes), len(o.in))
	}
	for i, s := range shapes {
		if shape, ok := s.(tensor.Shape); ok && !slices.Equal(shape, o.in[i].shape) {
			return nil, o.errorf(ErrShape, "operand %d has shape %v, want %v", i, []int(shape), []int(o.in[i].shape))
		}
	}
	return o.shape.Clone(), nil
}

// DiffWRT marks the operands that have a gradient.
func (o *operator) DiffWRT(int) []bool { return slices.Clone(o.differentiable) }

// SymDiff builds the gradients of the operands.
func (o *operator) SymDiff(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.grad == nil {
		return nil, o.errorf(ErrGradient, "no operand is differentiable")
	}
	return o.grad(in, y, dy)
}

// ReturnsPtr is false: Do returns newly allocated values.
func (o *operator) ReturnsPtr() bool { return false }

// CallsExtern is false: Do is plain Go.
func (o *operator) CallsExtern() bool { return false }

// OverwritesInput is -1: Do does not change its operands.
func (o *operator) OverwritesInput() int { return -1 }

// WriteHash writes everything in which operators can differ: Gorgonia merges nodes of
// equal hashes. The path is part of it, since two layers of one kind may share operands
// and still draw different random numbers.
func (o *operator) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "euryale/%v %T%+v %q", o.kind, o.attr, o.attr, o.path)
	for _, in := range o.in {
		fmt.Fprintf(h, " %v%v", in.typ, in.shape)
	}
	fmt.Fprintf(h, " → %v%v", o.out, o.shape)
}

// Hashcode is the 32-bit FNV-1a hash of WriteHash.
func (o *operator) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// String is the kind, attribute and path.
func (o *operator) String() string {
	var s strings.Builder
	s.WriteString(o.kind.String())
	if o.attr != nil {
		fmt.Fprintf(&s, "%+v", o.attr)
	}
	if o.path != "" {
		fmt.Fprintf(&s, "@%s", o.path)
	}
	return s.String()
}

func (o *operator) errorf(sentinel error, format string, args ...any) error {
	return errorf(o.kind, o.path, sentinel, format, args...)
}
