package engine

import (
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// A tensor has one of two forms, by Tensor.Param: laid out as a weight or as an activation.

// add appends a plain step and sets the form of its result. An operand of the other form
// than the step reads is converted by a step before it.
func (b *builder) add(s *device.Step) error {
	if s.Kind.Fused() {
		return fmt.Errorf("%w: %v at %q is not a step of a graph", ErrGraph, s.Kind, s.Path)
	}
	out := s.Out[0]
	result := s.Kind.Result(0)
	out.Param = result.Param() || result == device.Alike && allParameters(s.In, out)
	for i, t := range s.In {
		switch operand := s.Kind.Operand(i); operand {
		case device.Any:
		case device.Alike:
			s.In[i] = b.inForm(t, out.Param, s.Path)
		default:
			s.In[i] = b.inForm(t, operand.Param(), s.Path)
		}
	}
	b.steps = append(b.steps, s)
	return nil
}

// allParameters reports whether out has an operand of its shape and all such are parameters.
func allParameters(in []*device.Tensor, out *device.Tensor) bool {
	found := false
	for _, t := range in {
		if len(t.Shape) == 0 || !slices.Equal(t.Shape, out.Shape) {
			continue
		}
		if !t.Param {
			return false
		}
		found = true
	}
	return found || len(out.Shape) == 0
}

// inForm is t in the form asked for: t itself if it has that, else its copy in the other
// form, made by a Reshape to the same shape or, for a constant, a second constant.
func (b *builder) inForm(t *device.Tensor, param bool, path string) *device.Tensor {
	if t.Param == param || len(t.Shape) == 0 {
		return t
	}
	if c := b.other[t]; c != nil {
		return c
	}
	c := b.newTensor(t.Shape, t.DType, device.Activation, t.Name)
	c.Param = param
	b.other[t], b.other[c] = c, t
	if host, ok := b.constants[t]; ok {
		c.Role = device.Constant
		b.constants[c] = host
		return c
	}
	b.steps = append(b.steps, &device.Step{Kind: device.Reshape, Path: path, In: []*device.Tensor{t}, Out: []*device.Tensor{c}})
	return c
}

// copied is a copy of t in the same form, made by an additional step.
func (b *builder) copied(t *device.Tensor) *device.Tensor {
	c := b.newTensor(t.Shape, t.DType, device.Activation, t.Name)
	c.Param = t.Param
	b.steps = append(b.steps, &device.Step{Kind: device.Reshape, Path: t.Name, In: []*device.Tensor{t}, Out: []*device.Tensor{c}})
	return c
}
