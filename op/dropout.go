package op

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/philox"
)

// Dropout zeroes each element of x with probability p and multiplies the others
// by 1/(1-p), as torch.nn.functional.dropout in training. rng is an int64 vector
// {seed, step}; the mask is a function of it, the path and the element's row-major
// index, so the same step gives the same mask on every device, and the gradient uses
// the forward pass's mask. Layers must differ in path.
func Dropout(path string, x, rng *gorgonia.Node, p float64) (*gorgonia.Node, error) {
	c := newCheck(device.Dropout, path)
	c.floats("input", x)
	c.int64s("rng", rng, 2)
	if !(p >= 0 && p < 1) {
		c.errorf(ErrAttribute, "probability is %v, want 0 ≤ p < 1", p)
	}
	if c.err != nil {
		return nil, c.err
	}
	attr := device.DropoutAttr{P: p, Stream: philox.Stream(path)}
	return apply(&operator{
		kind: device.Dropout, attr: attr, path: path,
		out: x.Type(), shape: x.Shape().Clone(),
		differentiable: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := Dropout(path, dy, in[1], p)
			return gorgonia.Nodes{dx, nil}, err
		},
	}, x, rng)
}
