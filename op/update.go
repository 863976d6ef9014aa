package op

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// SGDOptions are the attributes of an update by stochastic gradient descent, with
// torch.optim.SGD's meaning and dampening 0.
type SGDOptions struct {
	Momentum    float64 // at least 0; 0 means no velocity
	WeightDecay float64 // at least 0; added to the gradient: decay·w
	Nesterov    bool    // needs a momentum
}

func (o SGDOptions) check(c *check) {
	switch {
	case !(o.Momentum >= 0):
		c.errorf(ErrAttribute, "momentum is %v, want a number ≥ 0", o.Momentum)
	case !(o.WeightDecay >= 0):
		c.errorf(ErrAttribute, "weight decay is %v, want a number ≥ 0", o.WeightDecay)
	case o.Nesterov && o.Momentum == 0:
		c.errorf(ErrAttribute, "Nesterov momentum needs a momentum")
	}
}

func (o SGDOptions) attr() device.SGDAttr {
	return device.SGDAttr{Momentum: o.Momentum, WeightDecay: o.WeightDecay, Nesterov: o.Nesterov}
}

// SGDVelocity is v' = Momentum·v + g + WeightDecay·w: the new velocity of the
// parameter w with gradient g, all of one shape.
func SGDVelocity(path string, v, g, w *gorgonia.Node, o SGDOptions) (*gorgonia.Node, error) {
	c := newCheck(device.SGDVelocity, path)
	c.floats("parameter", w)
	c.same("velocity", v, "parameter", w)
	c.same("gradient", g, "parameter", w)
	o.check(c)
	if c.err == nil && o.Momentum == 0 {
		c.errorf(ErrAttribute, "a velocity needs a momentum")
	}
	if c.err != nil {
		return nil, c.err
	}
	attr := o.attr()
	return apply(&operator{
		kind: device.SGDVelocity, attr: attr, path: path,
		out: w.Type(), shape: w.Shape().Clone(),
	}, v, g, w)
}

// SGDWeight is the new value of the parameter w at the learning rate lr, a scalar.
//
//   - with momentum, direction is the new velocity v' and w' = w - lr·v';
//   - with Nesterov, g is the gradient too and w' = w - lr·(g + WeightDecay·w + Momentum·v');
//   - without momentum, direction is the gradient and w' = w - lr·(direction + WeightDecay·w).
//
// g is nil unless Nesterov.
func SGDWeight(path string, w, direction, lr, g *gorgonia.Node, o SGDOptions) (*gorgonia.Node, error) {
	c := newCheck(device.SGDWeight, path)
	c.floats("parameter", w)
	c.same("velocity or gradient", direction, "parameter", w)
	c.floats("learning rate", lr, 0)
	c.like("learning rate", lr, "parameter", w)
	o.check(c)
	if o.Nesterov {
		c.same("gradient", g, "parameter", w)
	} else if g != nil {
		c.errorf(ErrAttribute, "a separate gradient is for Nesterov momentum alone")
	}
	if c.err != nil {
		return nil, c.err
	}
	attr, in := o.attr(), gorgonia.Nodes{w, direction, lr}
	if o.Nesterov {
		in = append(in, g)
	}
	return apply(&operator{
		kind: device.SGDWeight, attr: attr, path: path,
		out: w.Type(), shape: w.Shape().Clone(),
	}, in...)
}
