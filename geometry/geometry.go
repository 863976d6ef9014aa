// Package geometry describes the windows of convolutions and pools. Operators,
// reference kernels and devices share it, so that output shapes are computed from
// sizes, strides and paddings in one place.
package geometry

import "fmt"

// Conv2D is a two-dimensional convolution of x [N, C, H, W] with
// w [O, C/Groups, KH, KW] into y [N, O, OutH, OutW], as torch.nn.Conv2d.
type Conv2D struct {
	N, C, H, W           int // input
	O                    int // output channels
	KH, KW               int // kernel
	StrideH, StrideW     int // at least 1
	PadH, PadW           int // zeros on both sides
	DilationH, DilationW int // at least 1
	Groups               int // divides C and O
}

// OutH is the height of the output.
func (g Conv2D) OutH() int { return convOut(g.H, g.KH, g.StrideH, g.PadH, g.DilationH) }

// OutW is the width of the output.
func (g Conv2D) OutW() int { return convOut(g.W, g.KW, g.StrideW, g.PadW, g.DilationW) }

// InputShape is [N, C, H, W].
func (g Conv2D) InputShape() []int { return []int{g.N, g.C, g.H, g.W} }

// WeightShape is [O, C/Groups, KH, KW].
func (g Conv2D) WeightShape() []int { return []int{g.O, g.C / g.Groups, g.KH, g.KW} }

// OutputShape is [N, O, OutH, OutW].
func (g Conv2D) OutputShape() []int { return []int{g.N, g.O, g.OutH(), g.OutW()} }

// MultiplyAdds counts the multiplications of one forward pass.
func (g Conv2D) MultiplyAdds() int64 {
	return int64(g.N) * int64(g.O) * int64(g.OutH()) * int64(g.OutW()) * int64(g.C/g.Groups) * int64(g.KH) * int64(g.KW)
}

// Validate returns an error about the first invalid attribute, or nil.
func (g Conv2D) Validate() error {
	switch {
	case g.N < 1 || g.C < 1 || g.H < 1 || g.W < 1:
		return fmt.Errorf("input shape %v has an empty axis", g.InputShape())
	case g.O < 1:
		return fmt.Errorf("%d output channels, want at least 1", g.O)
	case g.KH < 1 || g.KW < 1:
		return fmt.Errorf("kernel %d×%d, want at least 1×1", g.KH, g.KW)
	case g.StrideH < 1 || g.StrideW < 1:
		return fmt.Errorf("stride %d×%d, want at least 1×1", g.StrideH, g.StrideW)
	case g.PadH < 0 || g.PadW < 0:
		return fmt.Errorf("padding %d×%d is negative", g.PadH, g.PadW)
	case g.DilationH < 1 || g.DilationW < 1:
		return fmt.Errorf("dilation %d×%d, want at least 1×1", g.DilationH, g.DilationW)
	case g.Groups < 1 || g.C%g.Groups != 0 || g.O%g.Groups != 0:
		return fmt.Errorf("%d groups do not divide %d input and %d output channels", g.Groups, g.C, g.O)
	case g.OutH() < 1 || g.OutW() < 1:
		return fmt.Errorf("kernel %d×%d does not fit into %d×%d with padding %d×%d", g.KH, g.KW, g.H, g.W, g.PadH, g.PadW)
	}
	return nil
}

func convOut(in, k, stride, pad, dilation int) int {
	span := in + 2*pad - dilation*(k-1) - 1
	if span < 0 {
		return 0
	}
	return span/stride + 1
}

// Pool2D is a maximum or average pool of x [N, C, H, W] with PyTorch's meaning
// of its attributes; padding is at most half the kernel.
type Pool2D struct {
	N, C, H, W       int
	KH, KW           int
	StrideH, StrideW int
	PadH, PadW       int
	CeilMode         bool // round the output size up; a window must still start inside the image or its left padding
	CountIncludePad  bool // average pools: divide by the padded window
}

// OutH is the height of the output.
func (g Pool2D) OutH() int { return poolOut(g.H, g.KH, g.StrideH, g.PadH, g.CeilMode) }

// OutW is the width of the output.
func (g Pool2D) OutW() int { return poolOut(g.W, g.KW, g.StrideW, g.PadW, g.CeilMode) }

// InputShape is [N, C, H, W].
func (g Pool2D) InputShape() []int { return []int{g.N, g.C, g.H, g.W} }

// OutputShape is [N, C, OutH, OutW].
func (g Pool2D) OutputShape() []int { return []int{g.N, g.C, g.OutH(), g.OutW()} }

// Validate returns an error about the first invalid attribute, or nil.
func (g Pool2D) Validate() error {
	switch {
	case g.N < 1 || g.C < 1 || g.H < 1 || g.W < 1:
		return fmt.Errorf("input shape %v has an empty axis", g.InputShape())
	case g.KH < 1 || g.KW < 1:
		return fmt.Errorf("kernel %d×%d, want at least 1×1", g.KH, g.KW)
	case g.StrideH < 1 || g.StrideW < 1:
		return fmt.Errorf("stride %d×%d, want at least 1×1", g.StrideH, g.StrideW)
	case g.PadH < 0 || g.PadW < 0 || 2*g.PadH > g.KH || 2*g.PadW > g.KW:
		return fmt.Errorf("padding %d×%d, want at most half the kernel %d×%d", g.PadH, g.PadW, g.KH, g.KW)
	case g.OutH() < 1 || g.OutW() < 1:
		return fmt.Errorf("kernel %d×%d does not fit into %d×%d with padding %d×%d", g.KH, g.KW, g.H, g.W, g.PadH, g.PadW)
	}
	return nil
}

func poolOut(in, k, stride, pad int, ceil bool) int {
	span := in + 2*pad - k
	if span < 0 && !(ceil && span > -stride) {
		return 0
	}
	if !ceil {
		return span/stride + 1
	}
	out := (span+stride-1)/stride + 1
	if (out-1)*stride >= in+pad { // the last window would be entirely in the right padding
		out--
	}
	return out
}

// AdaptivePool2D averages x [N, C, H, W] to [N, C, OutH, OutW]; window i of an
// axis spans ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉, as torch.nn.AdaptiveAvgPool2d.
type AdaptivePool2D struct {
	N, C, H, W int
	OutH, OutW int
}

// InputShape is [N, C, H, W].
func (g AdaptivePool2D) InputShape() []int { return []int{g.N, g.C, g.H, g.W} }

// OutputShape is [N, C, OutH, OutW].
func (g AdaptivePool2D) OutputShape() []int { return []int{g.N, g.C, g.OutH, g.OutW} }

// Validate returns an error about the first invalid attribute, or nil.
func (g AdaptivePool2D) Validate() error {
	if g.N < 1 || g.C < 1 || g.H < 1 || g.W < 1 || g.OutH < 1 || g.OutW < 1 {
		return fmt.Errorf("adaptive pool of %v to %d×%d has an empty axis", g.InputShape(), g.OutH, g.OutW)
	}
	return nil
}

// AdaptiveWindow is the half-open range of input positions of output position i.
func AdaptiveWindow(i, in, out int) (lo, hi int) {
	return i * in / out, ((i+1)*in + out - 1) / out
}
