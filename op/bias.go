package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// BiasAdd adds b [C] to every pixel of x [N, C, H, W], or to every row of x [N, C].
func BiasAdd(path string, x, b *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.BiasAdd, path)
	c.floats("input", x, 2, 3, 4)
	c.floats("bias", b, 1)
	if c.err == nil {
		c.sized("bias", b, "input", x, x.Shape()[1])
	}
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.BiasAdd, attr: device.BiasAttr{}, path: path,
		out: x.Type(), shape: x.Shape().Clone(),
		differentiable: []bool{true, true},
		grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			db, err := channelSum(path, dy)
			return gorgonia.Nodes{dy, db}, err
		},
	}, x, b)
}

// channelSum sums x [N, C, …] over all axes but the channels.
func channelSum(path string, x *gorgonia.Node) (*gorgonia.Node, error) {
	return apply(&operator{
		kind: device.ChannelSum, path: path,
		out: typeOf(x, 1), shape: tensor.Shape{x.Shape()[1]},
	}, x)
}
