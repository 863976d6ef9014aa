package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

// PoolOptions are the attributes of a pool, {height, width} each.
type PoolOptions struct {
	Kernel  [2]int
	Stride  [2]int // 0 means the kernel's size
	Padding [2]int // on both sides, at most half the kernel
	// CeilMode rounds the output size up. A window must still start inside the
	// image or its left padding.
	CeilMode bool
	// CountIncludePad makes average pools count the padding in the divisor.
	// PyTorch's default is true; maximum pools ignore it.
	CountIncludePad bool
}

// MaxPool2D is torch.nn.functional.max_pool2d of x [N, C, H, W]. Padding
// counts as −∞. The gradient goes to the first maximum of each window in row order.
func MaxPool2D(path string, x *gorgonia.Node, o PoolOptions) (*gorgonia.Node, error) {
	o.CountIncludePad = false
	g, err := poolGeometry(device.MaxPool, path, x, o)
	if err != nil {
		return nil, err
	}
	return apply(&operator{
		kind: device.MaxPool, attr: device.PoolAttr{Pool2D: g}, path: path,
		out: x.Type(), shape: tensor.Shape(g.OutputShape()),
		differentiable: []bool{true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := apply(&operator{
				kind: device.MaxPoolGrad, attr: device.PoolAttr{Pool2D: g}, path: path,
				out: dy.Type(), shape: tensor.Shape(g.InputShape()),
			}, in[0], dy)
			return gorgonia.Nodes{dx}, err
		},
	}, x)
}

// AvgPool2D is torch.nn.functional.avg_pool2d of x [N, C, H, W].
func AvgPool2D(path string, x *gorgonia.Node, o PoolOptions) (*gorgonia.Node, error) {
	g, err := poolGeometry(device.AvgPool, path, x, o)
	if err != nil {
		return nil, err
	}
	return apply(&operator{
		kind: device.AvgPool, attr: device.PoolAttr{Pool2D: g}, path: path,
		out: x.Type(), shape: tensor.Shape(g.OutputShape()),
		differentiable: []bool{true},
		grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := apply(&operator{
				kind: device.AvgPoolGrad, attr: device.PoolAttr{Pool2D: g}, path: path,
				out: dy.Type(), shape: tensor.Shape(g.InputShape()),
			}, dy)
			return gorgonia.Nodes{dx}, err
		},
	}, x)
}

func poolGeometry(kind device.Kind, path string, x *gorgonia.Node, o PoolOptions) (geometry.Pool2D, error) {
	c := newCheck(kind, path)
	c.floats("input", x, 4)
	if c.err != nil {
		return geometry.Pool2D{}, c.err
	}
	for axis, stride := range o.Stride {
		if stride == 0 {
			o.Stride[axis] = o.Kernel[axis]
		}
	}
	s := x.Shape()
	g := geometry.Pool2D{
		N: s[0], C: s[1], H: s[2], W: s[3], KH: o.Kernel[0], KW: o.Kernel[1],
		StrideH: o.Stride[0], StrideW: o.Stride[1], PadH: o.Padding[0], PadW: o.Padding[1],
		CeilMode: o.CeilMode, CountIncludePad: o.CountIncludePad,
	}
	if err := g.Validate(); err != nil {
		sentinel := ErrAttribute
		if g.StrideH > 0 && g.StrideW > 0 && g.KH > 0 && g.KW > 0 && (g.OutH() < 1 || g.OutW() < 1) {
			sentinel = ErrShape
		}
		c.errorf(sentinel, "input %v, kernel %v: %v", dims(x), o.Kernel, err)
	}
	return g, c.err
}

// AdaptiveAvgPool2D averages x [N, C, H, W] to [N, C, outH, outW], as
// torch.nn.functional.adaptive_avg_pool2d: window i spans ⌊i·H/outH⌋ to
// ⌈(i+1)·H/outH⌉. To 1×1 it is the global average.
func AdaptiveAvgPool2D(path string, x *gorgonia.Node, outH, outW int) (*gorgonia.Node, error) {
	c := newCheck(device.AdaptiveAvgPool, path)
	c.floats("input", x, 4)
	if c.err != nil {
		return nil, c.err
	}
	s := x.Shape()
	g := geometry.AdaptivePool2D{N: s[0], C: s[1], H: s[2], W: s[3], OutH: outH, OutW: outW}
	if err := g.Validate(); err != nil {
		c.errorf(ErrAttribute, "%v", err)
		return nil, c.err
	}
	return apply(&operator{
		kind: device.AdaptiveAvgPool, attr: device.AdaptivePoolAttr{AdaptivePool2D: g}, path: path,
		out: x.Type(), shape: tensor.Shape{g.N, g.C, outH, outW},
		differentiable: []bool{true},
		grad: func(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := apply(&operator{
				kind: device.AdaptiveAvgPoolGrad, attr: device.AdaptivePoolAttr{AdaptivePool2D: g}, path: path,
				out: dy.Type(), shape: tensor.Shape(g.InputShape()),
			}, dy)
			return gorgonia.Nodes{dx}, err
		},
	}, x)
}
