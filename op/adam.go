package op

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// Lerp is x + weight·(y - x), of one shape: a moving average of y with the decay
// 1-weight. It has no gradient.
func Lerp(path string, x, y *gorgonia.Node, weight float64) (*gorgonia.Node, error) {
	return lerp(device.Lerp, path, x, y, weight)
}

// SquareLerp is (1-weight)·x + weight·y², of one shape. It has no gradient.
func SquareLerp(path string, x, y *gorgonia.Node, weight float64) (*gorgonia.Node, error) {
	return lerp(device.SquareLerp, path, x, y, weight)
}

func lerp(kind device.Kind, path string, x, y *gorgonia.Node, weight float64) (*gorgonia.Node, error) {
	c := newCheck(kind, path)
	c.floats("average", x)
	c.same("value", y, "average", x)
	if c.err == nil && !(weight >= 0 && weight <= 1) {
		c.errorf(ErrAttribute, "the weight is %v, want 0 to 1", weight)
	}
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: kind, attr: device.LerpAttr{Weight: weight}, path: path, out: x.Type(), shape: x.Shape().Clone(),
	}, x, y)
}

// AdamOptions are the attributes of AdamW, with torch.optim.AdamW's meaning.
type AdamOptions struct {
	Beta1, Beta2 float64 // at least 0 and less than 1
	Eps          float64 // more than 0
	WeightDecay  float64 // at least 0; decoupled: the weight is multiplied by 1 - lr·decay
}

// AdamWeight is the new value of the parameter w from the new moments m and v of its
// gradient, at the learning rate lr and the number of the step, from 1, both scalars.
func AdamWeight(path string, w, m, v, lr, step *gorgonia.Node, o AdamOptions) (*gorgonia.Node, error) {
	c := newCheck(device.AdamWeight, path)
	c.floats("parameter", w)
	c.same("first moment", m, "parameter", w)
	c.same("second moment", v, "parameter", w)
	c.floats("learning rate", lr, 0)
	c.like("learning rate", lr, "parameter", w)
	c.floats("step", step, 0)
	c.like("step", step, "parameter", w)
	inside := func(b float64) bool { return b >= 0 && b < 1 }
	if c.err == nil && (!inside(o.Beta1) || !inside(o.Beta2) || !(o.Eps > 0) || !(o.WeightDecay >= 0)) {
		c.errorf(ErrAttribute, "%+v: want betas of 0 to 1, eps of more than 0, and a decay of at least 0", o)
	}
	if c.err != nil {
		return nil, c.err
	}
	attr := device.AdamAttr{Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, WeightDecay: o.WeightDecay}
	return apply(&operator{kind: device.AdamWeight, attr: attr, path: path, out: w.Type(), shape: w.Shape().Clone()}, w, m, v, lr, step)
}

// SumSquares is the sum of the squares of all elements of all operands, which have one
// type and any shapes: a scalar, summed in float64 and rounded once. The root of that over
// all gradients is their norm. It has no gradient.
func SumSquares(path string, xs ...*gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.SumSquares, path)
	if len(xs) == 0 {
		c.errorf(ErrShape, "want at least one operand")
	}
	for i, x := range xs {
		c.floats(fmt.Sprintf("operand %d", i), x)
		c.like(fmt.Sprintf("operand %d", i), x, "operand 0", xs[0])
	}
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{kind: device.SumSquares, path: path, out: xs[0].Dtype(), shape: tensor.ScalarShape()}, xs...)
}
