package engine

import (
	"fmt"
	"slices"
	"strings"

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
		t := b.of[a.Value]
		s, ok := b.slots[a.Slot]
		if !ok {
			var err error
			if s, err = b.slotTensor(a.Slot); err != nil {
				return err
			}
		}
		if !slices.Equal(t.Shape, s.Shape) || t.DType != s.DType {
			return fmt.Errorf("engine: %s: %w: slot %s is %v%v, the node assigned to it %v%v",
				b.spec.Name, ErrValue, a.Slot, s.DType, s.Shape, t.DType, t.Shape)
		}
		b.assign = append(b.assign, assignment{slot: s, value: t})
	}
	return nil
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
	in := make([]*device.Tensor, 0, o.Arity())
	for _, c := range childrenOf(b.spec.Graph, n) {
		t, ok := b.of[c]
		if !ok {
			return fmt.Errorf("%w: operand %v of %v was made after it", ErrGraph, c, n)
		}
		in = append(in, t)
	}
	out := b.newTensor(n.Shape(), dt, device.Activation, n.Name())
	b.of[n] = out
	if own, ok := o.(op.Operator); ok {
		b.addOwn(own, in, out)
		return nil
	}
	if isSum(o) && len(in) == 2 && slices.Equal(in[0].Shape, in[1].Shape) {
		b.addElementwise(device.Add, device.AddAttr{}, "", in, out)
		return nil
	}
	if why := refused(o); why != "" {
		return fmt.Errorf("%w: gorgonia's %v %s", ErrGraph, o, why)
	}
	s := &device.Step{Kind: device.Host, Path: o.String(), In: in, Out: []*device.Tensor{out}}
	b.foreign[s] = o
	b.steps = append(b.steps, s)
	return nil
}

func (b *builder) addOwn(o op.Operator, in []*device.Tensor, out *device.Tensor) {
	switch o.Kind() {
	case device.Add, device.Scale, device.ReLU, device.ReLUGrad:
		b.addElementwise(o.Kind(), o.Attr(), o.Path(), in, out)
		return
	case device.Conv2DGradWeight, device.LinearGradWeight, device.ChannelSum, device.Row,
		device.RunningStat, device.SGDVelocity, device.SGDWeight, device.Lerp, device.SquareLerp, device.AdamWeight:
		out.Param = true
	}
	b.steps = append(b.steps, &device.Step{Kind: o.Kind(), Attr: o.Attr(), Path: o.Path(), In: in, Out: []*device.Tensor{out}})
}

// addElementwise adds a step whose operands must agree in form, converting those
// that do not by a Reshape of the same shape.
func (b *builder) addElementwise(kind device.Kind, attr any, path string, in []*device.Tensor, out *device.Tensor) {
	out.Param = true
	for _, t := range in {
		out.Param = out.Param && (t.Param || len(t.Shape) == 0)
	}
	for i, t := range in {
		if t.Param != out.Param && len(t.Shape) > 0 {
			c := b.newTensor(t.Shape, t.DType, device.Activation, t.Name)
			c.Param = out.Param
			b.steps = append(b.steps, &device.Step{Kind: device.Reshape, Path: path, In: []*device.Tensor{t}, Out: []*device.Tensor{c}})
			in[i] = c
		}
	}
	b.steps = append(b.steps, &device.Step{Kind: kind, Attr: attr, Path: path, In: in, Out: []*device.Tensor{out}})
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
		return nil, fmt.Errorf("engine: %s: %w: %s", b.spec.Name, ErrSlot, name)
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

// hostData returns the elements of a Gorgonia value as a slice.
func hostData(v G.Value) (any, device.DType, error) {
	switch d := v.Data().(type) {
	case []float32:
		return d, device.Float32, nil
	case []float64:
		return d, device.Float64, nil
	case []int64:
		return d, device.Int64, nil
	case float32:
		return []float32{d}, device.Float32, nil
	case float64:
		return []float64{d}, device.Float64, nil
	case int64:
		return []int64{d}, device.Int64, nil
	}
	return nil, 0, fmt.Errorf("%w: a value of %T", ErrGraph, v.Data())
}

// isSum recognises the binary addition by which Grad sums fan-in.
func isSum(o G.Op) bool { return strings.HasPrefix(o.String(), "+ ") }

// refused says why an operator of Gorgonia's must not be used, or "".
func refused(o G.Op) string {
	name := fmt.Sprintf("%T", o)
	for _, r := range []struct{ typ, why string }{
		{"BatchNorm", "has a wrong gradient in evaluation and shares state between machines; use op.BatchNormApply"},
		{"dropout", "scales its gradient wrongly; use op.Dropout"},
		{"globalAveragePool", "has no gradient; use op.AdaptiveAvgPool2D"},
		{"maxPool", "ignores half of its padding; use op.MaxPool2D"},
		{"avgPool", "averages wrongly; use op.AvgPool2D"},
		{"sumOp", "sums wrongly over a middle axis; use Euryale's operators"},
		{"maxOp", "is not supported over an axis; use Euryale's operators"},
	} {
		if strings.Contains(strings.ToLower(name), strings.ToLower(r.typ)) {
			return r.why
		}
	}
	return ""
}
