package op

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// LionOptions are the attributes of Lion's update (Chen et al., "Symbolic discovery of
// optimization algorithms", 2023).
type LionOptions struct {
	Beta1       float64 // of the step's direction, at least 0 and less than 1
	WeightDecay float64 // at least 0; decoupled: the weight is multiplied by 1 - lr·decay
}

// LionWeight returns the new value w·(1 - lr·WeightDecay) - lr·sign(Beta1·m + (1-Beta1)·g) of
// the parameter w, from the moving average m of earlier gradients and the gradient g, all of
// one shape, at the learning rate lr, a scalar. It has no gradient.
func LionWeight(path string, w, m, g, lr *gorgonia.Node, o LionOptions) (*gorgonia.Node, error) {
	c := newCheck(device.LionWeight, path)
	c.floats("parameter", w)
	c.same("mean", m, "parameter", w)
	c.same("gradient", g, "parameter", w)
	c.floats("learning rate", lr, 0)
	c.like("learning rate", lr, "parameter", w)
	if c.err == nil && (!(o.Beta1 >= 0 && o.Beta1 < 1) || !(o.WeightDecay >= 0)) {
		c.errorf(ErrAttribute, "%+v: want a beta of 0 to 1, and a decay of at least 0", o)
	}
	if c.err != nil {
		return nil, c.err
	}
	attr := device.LionAttr{Beta1: o.Beta1, WeightDecay: o.WeightDecay}
	return apply(&operator{kind: device.LionWeight, attr: attr, path: path, out: w.Type(), shape: w.Shape().Clone()}, w, m, g, lr)
}
