package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// Flatten turns x [N, …] into [N, rest], in row-major order.
func Flatten(path string, x *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.Reshape, path)
	c.floats("input", x)
	if c.err == nil && len(x.Shape()) < 2 {
		c.errorf(ErrShape, "input has shape %v, want at least 2 axes to flatten", dims(x))
	}
	if c.err != nil {
		return nil, c.err
	}
	n := x.Shape()[0]
	return Reshape(path, x, tensor.Shape{n, x.Shape().TotalSize() / n})
}

// Reshape gives the elements of x another shape, in row-major order. Unlike a view it
// copies, since devices may lay out the two shapes differently.
func Reshape(path string, x *gorgonia.Node, shape tensor.Shape) (*gorgonia.Node, error) {
	c := newCheck(device.Reshape, path)
	c.floats("input", x)
	if c.err != nil {
		return nil, c.err
	}
	for _, d := range shape {
		if d < 1 {
			c.errorf(ErrAttribute, "shape %v has an empty axis", []int(shape))
		}
	}
	if x.Shape().TotalSize() != shape.TotalSize() {
		c.errorf(ErrShape, "input %v has %d elements, shape %v wants %d",
			dims(x), x.Shape().TotalSize(), []int(shape), shape.TotalSize())
	}
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.Reshape, path: path,
		out: typeOf(x, len(shape)), shape: shape.Clone(),
		differentiable: []bool{true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := Reshape(path, dy, in[0].Shape())
			return gorgonia.Nodes{dx}, err
		},
	}, x)
}
