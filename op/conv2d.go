package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

// Conv2DOptions are the attributes of a convolution, {height, width} each.
type Conv2DOptions struct {
	Stride   [2]int // 0 means 1
	Padding  [2]int // zeros on both sides
	Dilation [2]int // 0 means 1
	Groups   int    // 0 means 1; divides the input and the output channels
}

// Conv2D is torch.nn.functional.conv2d without bias: x [N, C, H, W] and
// w [O, C/Groups, KH, KW] give y [N, O, OutH, OutW], with
// OutH = ⌊(H + 2·padding - dilation·(KH-1) - 1)/stride⌋ + 1. Its plain kernels are in
// device/ref/conv.go.
func Conv2D(path string, x, w *gorgonia.Node, o Conv2DOptions) (*gorgonia.Node, error) {
	c := newCheck(device.Conv2D, path)
	c.floats("input", x, 4)
	c.floats("weight", w, 4)
	c.like("weight", w, "input", x)
	if c.err != nil {
		return nil, c.err
	}
	g := convGeometry(c, x, w, o)
	if c.err != nil {
		return nil, c.err
	}
	return apply(&operator{
		kind: device.Conv2D, attr: device.ConvAttr{Conv2D: g}, path: path,
		out: typeOf(x, 4), shape: g.OutputShape(),
		differentiable: []bool{true, true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := conv2DGradInput(path, g, dy, in[1])
			if err != nil {
				return nil, err
			}
			dw, err := conv2DGradWeight(path, g, in[0], dy)
			return gorgonia.Nodes{dx, dw}, err
		},
	}, x, w)
}

func convGeometry(c *check, x, w *gorgonia.Node, o Conv2DOptions) geometry.Conv2D {
	xs, ws := x.Shape(), w.Shape()
	g := geometry.Conv2D{
		N: xs[0], C: xs[1], H: xs[2], W: xs[3], O: ws[0], KH: ws[2], KW: ws[3],
		StrideH: orOne(o.Stride[0]), StrideW: orOne(o.Stride[1]),
		PadH: o.Padding[0], PadW: o.Padding[1],
		DilationH: orOne(o.Dilation[0]), DilationW: orOne(o.Dilation[1]),
		Groups: orOne(o.Groups),
	}
	if g.Groups > 0 && g.C != ws[1]*g.Groups {
		c.errorf(ErrShape, "input %v has %d channels, weight %v wants %d", dims(x), g.C, dims(w), ws[1]*g.Groups)
		return g
	}
	if err := g.Validate(); err != nil {
		sentinel := ErrAttribute
		if g.StrideH > 0 && g.StrideW > 0 && g.DilationH > 0 && g.DilationW > 0 && (g.OutH() < 1 || g.OutW() < 1) {
			sentinel = ErrShape
		}
		c.errorf(sentinel, "input %v, weight %v: %v", dims(x), dims(w), err)
	}
	return g
}

func orOne(v int) int {
	if v == 0 {
		return 1
	}
	return v
}

// conv2DGradInput gives dx [N, C, H, W] from dy [N, O, OutH, OutW] and w.
func conv2DGradInput(path string, g geometry.Conv2D, dy, w *gorgonia.Node) (*gorgonia.Node, error) {
	return apply(&operator{
		kind: device.Conv2DGradInput, attr: device.ConvAttr{Conv2D: g}, path: path,
		out: typeOf(dy, 4), shape: tensor.Shape(g.InputShape()),
	}, dy, w)
}

// conv2DGradWeight gives dw [O, C/Groups, KH, KW] from x and dy.
func conv2DGradWeight(path string, g geometry.Conv2D, x, dy *gorgonia.Node) (*gorgonia.Node, error) {
	return apply(&operator{
		kind: device.Conv2DGradWeight, attr: device.ConvAttr{Conv2D: g}, path: path,
		out: typeOf(x, 4), shape: tensor.Shape(g.WeightShape()),
	}, x, dy)
}
