package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// Linear is torch.nn.functional.linear without bias: x [N, K] and w [O, K] give [N, O].
func Linear(path string, x, w *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.Linear, path)
	c.floats("input", x, 2)
	c.floats("weight", w, 2)
	c.like("weight", w, "input", x)
	if c.err == nil && x.Shape()[1] != w.Shape()[1] {
		c.errorf(ErrShape, "input %v has %d features, weight %v wants %d", dims(x), x.Shape()[1], dims(w), w.Shape()[1])
	}
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.Linear, attr: device.LinearAttr{}, path: path,
		out: x.Type(), shape: tensor.Shape{x.Shape()[0], w.Shape()[0]},
		differentiable: []bool{true, true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := apply(&operator{
				kind: device.LinearGradInput, path: path,
				out: in[0].Type(), shape: in[0].Shape().Clone(),
			}, dy, in[1])
			if err != nil {
				return nil, err
			}
			dw, err := apply(&operator{
				kind: device.LinearGradWeight, path: path,
				out: in[1].Type(), shape: in[1].Shape().Clone(),
			}, in[0], dy)
			return gorgonia.Nodes{dx, dw}, err
		},
	}, x, w)
}
