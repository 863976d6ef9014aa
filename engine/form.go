package engine

import (
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// form is how a step reads an operand or leaves its result. Devices may lay out the two
// forms of one shape differently, so two steps may share a tensor only in the same form.
type form uint8

const (
	activation form = iota // of a batch
	parameter              // a weight, its gradient, its update, a vector of channels
	agree                  // elementwise: as the result, which has the form of its operands
	either                 // the step reads both
)

// forms are those of a kind's operands in order, the last one for all that follow, and
// of its result.
type forms struct {
	in  []form
	out form
}

// formsOf lists what the plain kinds read and make. Scalars have no form.
var formsOf = map[device.Kind]forms{
	device.Host: {[]form{either}, agree},

	device.Conv2D:           {[]form{activation, parameter}, activation},
	device.Conv2DGradInput:  {[]form{activation, parameter}, activation},
	device.Conv2DGradWeight: {[]form{activation}, parameter},
	device.BiasAdd:          {[]form{activation, parameter}, activation},
	device.ChannelSum:       {[]form{activation}, parameter},

	device.BatchNormStats:         {[]form{activation}, activation},
	device.BatchNormPack:          {[]form{parameter}, activation},
	device.BatchNormApply:         {[]form{activation, activation, parameter, parameter}, activation},
	device.BatchNormGradStats:     {[]form{activation}, activation},
	device.BatchNormGradInput:     {[]form{activation, activation, parameter, activation}, activation},
	device.BatchNormEvalGradInput: {[]form{activation, parameter, activation}, activation},
	device.Row:                    {[]form{activation}, parameter},
	device.RunningStat:            {[]form{parameter, activation}, parameter},

	device.ReLU:     {[]form{agree}, agree},
	device.ReLUGrad: {[]form{agree}, agree},
	device.Add:      {[]form{agree}, agree},
	device.Scale:    {[]form{agree}, agree},

	device.MaxPool:             {[]form{activation}, activation},
	device.MaxPoolGrad:         {[]form{activation}, activation},
	device.AvgPool:             {[]form{activation}, activation},
	device.AvgPoolGrad:         {[]form{activation}, activation},
	device.AdaptiveAvgPool:     {[]form{activation}, activation},
	device.AdaptiveAvgPoolGrad: {[]form{activation}, activation},

	device.Linear:           {[]form{activation, parameter}, activation},
	device.LinearGradInput:  {[]form{activation, parameter}, activation},
	device.LinearGradWeight: {[]form{activation}, parameter},

	device.Dropout: {[]form{activation}, activation},
	device.Reshape: {[]form{either}, activation},

	device.Softmax:                 {[]form{activation}, activation},
	device.SoftmaxCrossEntropy:     {[]form{activation}, activation},
	device.SoftmaxCrossEntropyGrad: {[]form{activation}, activation},
	device.ArgMax:                  {[]form{activation}, activation},

	device.SGDVelocity: {[]form{parameter}, parameter},
	device.SGDWeight:   {[]form{parameter}, parameter},
	device.Lerp:        {[]form{parameter}, parameter},
	device.SquareLerp:  {[]form{parameter}, parameter},
	device.AdamWeight:  {[]form{parameter}, parameter},
	device.SumSquares:  {[]form{either}, activation},
}

// add appends a plain step after those that bring its operands into the form in which
// it reads them, and gives its result its form.
func (b *builder) add(s *device.Step) error {
	f, ok := formsOf[s.Kind]
	if !ok {
		return fmt.Errorf("%w: %v at %q is not a step of a graph", ErrGraph, s.Kind, s.Path)
	}
	out := s.Out[0]
	out.Param = f.out == parameter || f.out == agree && allParameters(s.In, out)
	for i, t := range s.In {
		switch f.in[min(i, len(f.in)-1)] {
		case activation:
			s.In[i] = b.inForm(t, false, s.Path)
		case parameter:
			s.In[i] = b.inForm(t, true, s.Path)
		case agree:
			s.In[i] = b.inForm(t, out.Param, s.Path)
		}
	}
	b.steps = append(b.steps, s)
	return nil
}

// allParameters reports whether the operands of out's shape are parameters, and there is one.
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

// inForm is t as a parameter or as an activation: t itself if it is that, else a tensor
// that a Reshape of the same shape makes of it, or a second constant.
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

// copied is a copy of t in its form, made by a step of its own.
func (b *builder) copied(t *device.Tensor) *device.Tensor {
	c := b.newTensor(t.Shape, t.DType, device.Activation, t.Name)
	c.Param = t.Param
	b.steps = append(b.steps, &device.Step{Kind: device.Reshape, Path: t.Name, In: []*device.Tensor{t}, Out: []*device.Tensor{c}})
	return c
}
