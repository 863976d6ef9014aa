package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/ref"
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
	m := ref.MapsOf(x.Shape())
	return apply(&operator{
		kind: device.BiasAdd, attr: device.BiasAttr{}, path: path,
		out: x.Type(), shape: x.Shape().Clone(),
		run:            kernels{biasAdd[float32](m), biasAdd[float64](m)},
		differentiable: []bool{true, true},
		grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			db, err := channelSum(path, dy)
			return gorgonia.Nodes{dy, db}, err
		},
	}, x, b)
}

// channelSum sums x [N, C, …] over everything but the channels.
func channelSum(path string, x *gorgonia.Node) (*gorgonia.Node, error) {
	m := ref.MapsOf(x.Shape())
	return apply(&operator{
		kind: device.ChannelSum, path: path,
		out: typeOf(x, 1), shape: tensor.Shape{m.C},
		run: kernels{channelSums[float32](m), channelSums[float64](m)},
	}, x)
}

func biasAdd[T ref.Float](m ref.Maps) func(arguments[T]) error {
	return func(a arguments[T]) error {
		ref.BiasAdd(m, a.floats[0], a.floats[1], a.out, false, 0, m.Planes())
		return nil
	}
}

func channelSums[T ref.Float](m ref.Maps) func(arguments[T]) error {
	return func(a arguments[T]) error {
		ref.ChannelSum(m, a.floats[0], a.out, 0, m.C)
		return nil
	}
}
