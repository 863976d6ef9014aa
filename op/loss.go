package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/ref"
)

// logitsShape is [n, k]: images and classes.
type logitsShape struct{ n, k int }

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
	s := logitsShape{logits.Shape()[0], logits.Shape()[1]}
	o := &operator{
		kind: device.SoftmaxCrossEntropy, attr: attr, path: path,
		out: typeOf(logits, 0), shape: tensor.ScalarShape(),
		differentiable: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dloss *gorgonia.Node) (gorgonia.Nodes, error) {
			g, err := crossEntropyGrad(path, attr, s, in[0], in[1], dloss)
			return gorgonia.Nodes{g, nil}, err
		},
	}
	o.run = kernels{crossEntropy[float32](o, s, smoothing), crossEntropy[float64](o, s, smoothing)}
	return apply(o, logits, target)
}

func crossEntropyGrad(path string, attr device.CrossEntropyAttr, s logitsShape, logits, target, dloss *gorgonia.Node) (*gorgonia.Node, error) {
	o := &operator{
		kind: device.SoftmaxCrossEntropyGrad, attr: attr, path: path,
		out: logits.Type(), shape: logits.Shape().Clone(),
	}
	o.run = kernels{crossEntropyGradient[float32](o, s, attr.Smoothing), crossEntropyGradient[float64](o, s, attr.Smoothing)}
	return apply(o, logits, target, dloss)
}

// Softmax is exp(logits)/Σ exp(logits) over each row of logits [N, K]. It is for
// predictions and has no gradient; losses go through SoftmaxCrossEntropy.
func Softmax(path string, logits *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.Softmax, path)
	c.floats("logits", logits, 2)
	if c.err != nil {
		return nil, c.err
	}
	s := logitsShape{logits.Shape()[0], logits.Shape()[1]}
	return apply(&operator{
		kind: device.Softmax, path: path,
		out: logits.Type(), shape: logits.Shape().Clone(),
		run: kernels{softmax[float32](s), softmax[float64](s)},
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
	s := logitsShape{logits.Shape()[0], logits.Shape()[1]}
	return apply(&operator{
		kind: device.ArgMax, path: path,
		out: tensorType(tensor.Int64, 1), shape: tensor.Shape{s.n},
		run: kernels{argMax[float32](s), argMax[float64](s)},
	}, logits)
}

// targetOf reads operand 1, labels or probabilities, and checks the labels.
func targetOf[T ref.Float](o *operator, a arguments[T], s logitsShape, smoothing float64) (ref.Target[T], error) {
	t := ref.Target[T]{Labels: a.ints[1], Probabilities: a.floats[1], Smoothing: smoothing}
	if i := t.BadLabel(s.k); i >= 0 {
		return t, o.errorf(ErrLabel, "label %d of row %d, want 0 to %d", t.Labels[i], i, s.k-1)
	}
	return t, nil
}

func crossEntropy[T ref.Float](o *operator, s logitsShape, smoothing float64) func(arguments[T]) error {
	return func(a arguments[T]) error {
		target, err := targetOf(o, a, s, smoothing)
		if err != nil {
			return err
		}
		a.out[0] = ref.SoftmaxCrossEntropy(s.n, s.k, a.floats[0], target)
		return nil
	}
}

func crossEntropyGradient[T ref.Float](o *operator, s logitsShape, smoothing float64) func(arguments[T]) error {
	return func(a arguments[T]) error {
		target, err := targetOf(o, a, s, smoothing)
		if err != nil {
			return err
		}
		ref.SoftmaxCrossEntropyGrad(s.n, s.k, a.floats[0], target, a.floats[2][0], a.out, 0, s.n)
		return nil
	}
}

func softmax[T ref.Float](s logitsShape) func(arguments[T]) error {
	return func(a arguments[T]) error {
		ref.Softmax(s.k, a.floats[0], a.out, 0, s.n)
		return nil
	}
}

func argMax[T ref.Float](s logitsShape) func(arguments[T]) error {
	return func(a arguments[T]) error {
		ref.ArgMax(s.k, a.floats[0], a.outInts, 0, s.n)
		return nil
	}
}
