package op

import (
	"slices"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// ReLU is max(0, x), of any shape. Its gradient at 0 is 0.
func ReLU(path string, x *gorgonia.Node) (*gorgonia.Node, error) {
	return Activate(path, x, device.ReLU)
}

// Activate is act(x), elementwise, of any shape.
func Activate(path string, x *gorgonia.Node, act device.Act) (*gorgonia.Node, error) {
	c := newCheck(device.Activate, path)
	c.floats("input", x)
	if c.err == nil && !slices.Contains(slices.Collect(device.Acts()), act) {
		c.errorf(ErrAttribute, "%v is not an activation function", act)
	}
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.Activate, attr: device.ActAttr{Act: act}, path: path,
		out: x.Type(), shape: x.Shape().Clone(),
		differentiable: []bool{true},
		grad: func(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			v := in[0]
			if act.GradOfOutput() {
				v = y
			}
			dx, err := activateGrad(path, v, dy, act)
			return gorgonia.Nodes{dx}, err
		},
	}, x)
}

func activateGrad(path string, v, dy *gorgonia.Node, act device.Act) (*gorgonia.Node, error) {
	return apply(&operator{
		kind: device.ActivateGrad, attr: device.ActAttr{Act: act}, path: path,
		out: v.Type(), shape: v.Shape().Clone(),
	}, v, dy)
}

// Add is x + y of one shape: there is no broadcasting.
func Add(path string, x, y *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.Add, path)
	c.floats("first input", x)
	c.floats("second input", y)
	c.same("first input", x, "second input", y)
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.Add, attr: device.AddAttr{}, path: path,
		out: x.Type(), shape: x.Shape().Clone(),
		differentiable: []bool{true, true},
		grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			return gorgonia.Nodes{dy, dy}, nil
		},
	}, x, y)
}

// Scale is s·x for a scalar s, which has no gradient.
func Scale(path string, x, s *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.Scale, path)
	c.floats("input", x)
	c.floats("factor", s, 0)
	c.like("factor", s, "input", x)
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.Scale, path: path,
		out: x.Type(), shape: x.Shape().Clone(),
		differentiable: []bool{true, false},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := Scale(path, dy, in[1])
			return gorgonia.Nodes{dx, nil}, err
		},
	}, x, s)
}
