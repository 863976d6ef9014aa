package engine

import (
	"fmt"
	"reflect"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/op"
)

// lower turns the needed nodes into steps, in order of creation: a valid
// schedule, since a node is made after its operands.
func (b *builder) lower(needed []*G.Node) error {
	for _, n := range needed {
		if err := b.lowerNode(n); err != nil {
			return fmt.Errorf("engine: %s: %w", b.spec.Name, err)
		}
	}
	for _, a := range b.spec.Assign {
		if err := b.lowerAssignment(a); err != nil {
			return fmt.Errorf("engine: %s: %w", b.spec.Name, err)
		}
	}
	b.copyLeaves()
	return nil
}

// lowerAssignment records that a slot gets a value, converted to the slot's form. All
// assignments of a program take effect together: a value that is itself a leaf is copied by a
// step, which the schedule puts before the leaf's slot changes.
func (b *builder) lowerAssignment(a Assignment) error {
	s, err := b.slotTensor(a.Slot)
	if err != nil {
		return err
	}
	t := b.of[a.Value]
	if !slices.Equal(t.Shape, s.Shape) || t.DType != s.DType {
		return fmt.Errorf("%w: slot %s is %v%v, the node assigned to it %v%v", ErrValue, a.Slot, s.DType, s.Shape, t.DType, t.Shape)
	}
	if slices.ContainsFunc(b.assign, func(other assignment) bool { return other.slot == s }) {
		return fmt.Errorf("%w: slot %s is assigned twice", ErrGraph, a.Slot)
	}
	value := b.inForm(t, s.Param, a.Slot)
	if value.Role != device.Activation {
		value = b.copied(value)
	}
	if len(value.Shape) == 0 {
		value.Param = s.Param
	}
	b.assign = append(b.assign, assignment{slot: s, value: value})
	return nil
}

// copyLeaves copies outputs that are slots or inputs: after a run they have the values
// that the run computed with, even when the leaves are set to others afterwards.
func (b *builder) copyLeaves() {
	for _, n := range b.spec.Outputs {
		if t := b.of[n]; t.Role == device.Slot || t.Role == device.Input {
			b.of[n] = b.copied(t)
		}
	}
}

func (b *builder) lowerNode(n *G.Node) error {
	o := n.Op()
	if o == nil {
		return b.lowerLeaf(n)
	}
	if c, ok := o.(interface{ Value() G.Value }); ok {
		return b.lowerConstant(n, c.Value())
	}
	dt, err := dtypeOf(n)
	if err != nil {
		return err
	}
	var in []*device.Tensor // the node's children; the arity of some operators is -1
	for _, c := range childrenOf(b.spec.Graph, n) {
		t, ok := b.of[c]
		if !ok {
			return fmt.Errorf("%w: operand %v of %v was made after it", ErrGraph, c, n)
		}
		in = append(in, t)
	}
	out := b.newTensor(n.Shape(), dt, device.Activation, n.Name())
	b.of[n] = out
	outs := []*device.Tensor{out}
	if own, ok := o.(op.Operator); ok {
		return b.add(&device.Step{Kind: own.Kind(), Attr: own.Attr(), Path: own.Path(), In: in, Out: outs})
	}
	if dt != device.Int64 && isSum(o, n.Dtype(), len(n.Shape())) {
		return b.add(&device.Step{Kind: device.Add, Attr: device.AddAttr{}, In: in, Out: outs})
	}
	if sum := asSum(o); sum != nil {
		o = sum
	}
	if why := refused(o); why != "" {
		return fmt.Errorf("%w: gorgonia's %v %s", ErrGraph, o, why)
	}
	s := &device.Step{Kind: device.Host, Path: o.String(), In: in, Out: outs}
	b.foreign[s] = o
	return b.add(s)
}

func (b *builder) lowerLeaf(n *G.Node) error {
	dt, err := dtypeOf(n)
	if err != nil {
		return err
	}
	if name, ok := b.spec.Slots[n]; ok {
		t, err := b.slotTensor(name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, []int(n.Shape())) || t.DType != dt {
			return fmt.Errorf("%w: slot %s is %v%v, its node %v%v", ErrValue, name, t.DType, t.Shape, dt, []int(n.Shape()))
		}
		b.of[n] = t
		return nil
	}
	if slices.Contains(b.spec.Inputs, n) {
		b.of[n] = b.newTensor(n.Shape(), dt, device.Input, n.Name())
		b.inputs[n] = b.of[n]
		return nil
	}
	if v := n.Value(); v != nil {
		return b.lowerConstant(n, v)
	}
	return fmt.Errorf("%w: leaf %q is neither an input, a slot nor a constant", ErrGraph, n.Name())
}

func (b *builder) lowerConstant(n *G.Node, v G.Value) error {
	host, dt, err := hostData(v)
	if err != nil {
		return err
	}
	t := b.newTensor(v.Shape(), dt, device.Constant, n.Name())
	b.of[n], b.constants[t] = t, host
	return nil
}

func (b *builder) slotTensor(name string) (*device.Tensor, error) {
	if t, ok := b.slots[name]; ok {
		return t, nil
	}
	s, ok := b.state.slots[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrSlot, name)
	}
	t := s.tensor
	t.ID = b.nextID
	b.nextID++
	b.slots[name] = &t
	return &t, nil
}

func (b *builder) newTensor(shape tensor.Shape, dt device.DType, role device.Role, name string) *device.Tensor {
	t := &device.Tensor{ID: b.nextID, Shape: slices.Clone([]int(shape)), DType: dt, Role: role, Name: name}
	b.nextID++
	return t
}

// childrenOf returns the operands in order, duplicates included.
func childrenOf(g *G.ExprGraph, n *G.Node) []*G.Node {
	it := g.From(n.ID())
	children := make([]*G.Node, 0, it.Len())
	for it.Next() {
		children = append(children, it.Node().(*G.Node))
	}
	return children
}

func dtypeOf(n *G.Node) (device.DType, error) {
	switch n.Dtype() {
	case tensor.Float32:
		return device.Float32, nil
	case tensor.Float64:
		return device.Float64, nil
	case tensor.Int64:
		return device.Int64, nil
	}
	return 0, fmt.Errorf("%w: node %v has elements of %v; float32, float64 and int64 are supported", ErrGraph, n, n.Dtype())
}

// isGorgonias reports whether an operator is one of Gorgonia's own, not a user's.
func isGorgonias(o G.Op) bool { return typeOf(o).PkgPath() == reflect.TypeFor[G.Node]().PkgPath() }

// typeOf is the type of an operator, without the pointer.
func typeOf(o G.Op) reflect.Type {
	t := reflect.TypeOf(o)
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// refused is the reason why an operator of Gorgonia's must not be used; "" for the others.
func refused(o G.Op) string {
	if !isGorgonias(o) {
		return ""
	}
	return wrong[typeOf(o).Name()]
}

// wrong maps the type names of Gorgonia's faulty operators (most of the types are not
// exported) to the fault and the operator to use instead.
var wrong = map[string]string{
	"BatchNormOp":         "has a wrong gradient in evaluation and shares state between machines; use op.BatchNormApply",
	"batchnormDiffOp":     "has a wrong gradient in evaluation and shares state between machines; use op.BatchNormApply",
	"dropoutOp":           "scales its gradient wrongly; use op.Dropout",
	"dropoutDiffOp":       "scales its gradient wrongly; use op.Dropout",
	"globalAveragePoolOp": "has no gradient; use op.AdaptiveAvgPool2D",
	"maxPoolOp":           "ignores half of its padding; use op.MaxPool2D",
	"maxPoolDiffOp":       "ignores half of its padding; use op.MaxPool2D",
	"avgPoolOp":           "averages wrongly; use op.AvgPool2D",
	"avgPoolDiffOp":       "averages wrongly; use op.AvgPool2D",
	"sumOp":               "sums wrongly over a middle axis",
	"maxOp":               "is not supported over an axis; use Euryale's operators",
}
