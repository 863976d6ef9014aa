package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// SoftmaxCrossEntropy is torch.nn.functional.cross_entropy: the mean over the
// batch of -Σ target'·log softmax(logits), a scalar. logits is [N, K]; target is
// int64 labels [N] or probabilities [N, K] of the logits' type, and
// target' = (1-smoothing)·target + smoothing/K (Szegedy et al. 2016, section 7).
// The target has no gradient.
//
// A label outside [0, K) is an error from Do; on devices it makes the loss NaN.
func SoftmaxCrossEntropy(path string, logits, target *gorgonia.Node, smoothing float64) (*gorgonia.Node, error) {
	c := newCheck(device.SoftmaxCrossEntropy, path)
	c.floats("logits", logits, 2)
	if c.present("target", target) {
		if dtypeOf(target.Type()) == tensor.Int64 {
			c.int64s("target", target, logits.Shape()[0])
		} else {
			c.sized("target", target, "logits", logits, logits.Shape()...)
		}
	}
	if !(smoothing >= 0 && smoothing <= 1) {
		c.errorf(ErrAttribute, "label smoothing is %v, want 0 to 1", smoothing)
	}
	if c.err != nil {
		return nil, c.err
	}
	attr := device.CrossEntropyAttr{Smoothing: smoothing}
	return apply(&operator{
		kind: device.SoftmaxCrossEntropy, attr: attr, path: path,
		out: typeOf(logits, 0), shape: tensor.ScalarShape(),
		differentiable: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dloss *gorgonia.Node) (gorgonia.Nodes, error) {
			dlogits, err := apply(&operator{
				kind: device.SoftmaxCrossEntropyGrad, attr: attr, path: path,
				out: in[0].Type(), shape: in[0].Shape().Clone(),
				check: checkLabels,
			}, in[0], in[1], dloss)
			return gorgonia.Nodes{dlogits, nil}, err
		},
		check: checkLabels,
	}, logits, target)
}

// checkLabels checks that the labels, operand 1, are classes of the logits, operand 0.
func checkLabels(o *operator, in []any) error {
	labels, _ := in[1].([]int64)
	classes := int64(o.in[0].shape[1])
	for i, l := range labels {
		if l < 0 || l >= classes {
			return o.errorf(ErrLabel, "label %d of row %d, want 0 to %d", l, i, classes-1)
		}
	}
	return nil
}

// Softmax is exp(logits)/Σ exp(logits) over each row of logits [N, K]. It is for
// predictions and has no gradient; losses use SoftmaxCrossEntropy.
func Softmax(path string, logits *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.Softmax, path)
	c.floats("logits", logits, 2)
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.Softmax, path: path,
		out: logits.Type(), shape: logits.Shape().Clone(),
	}, logits)
}

// ArgMax is the int64 index [N] of the first maximum of each row of logits [N, K].
// It has no gradient.
func ArgMax(path string, logits *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.ArgMax, path)
	c.floats("logits", logits, 2)
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.ArgMax, path: path,
		out: tensorType(tensor.Int64, 1), shape: tensor.Shape{logits.Shape()[0]},
	}, logits)
}
