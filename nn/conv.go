package nn

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/op"
)

// Conv2D is torch.nn.Conv2d: x [N, In, H, W] → [N, Out, OutH, OutW], with
// OutH = ⌊(H + 2·Padding - Dilation·(Kernel-1) - 1)/Stride⌋ + 1, and OutW alike.
//
// Kernel, Stride, Padding and Dilation hold for both axes. KernelHW and the others of that
// name are {height, width} instead, for rectangular windows; setting both is an error.
// Forward adds the operator op.Conv2D to the graph: op/conv2d.go.
type Conv2D struct {
	In, Out  int // channels
	Kernel   int
	Stride   int // 0 means 1
	Padding  int // zeros on every side
	Dilation int // 0 means 1
	Groups   int // 0 means 1; divides In and Out

	KernelHW, StrideHW, PaddingHW, DilationHW [2]int

	Bias     bool // adds a bias a channel; PyTorch's default is true
	Init     Init // of the weight; nil means HeNormal over the fan-out, where PyTorch draws uniformly
	BiasInit Init // of the bias; nil means 0, where PyTorch draws uniformly
}

// Forward adds the convolution.
func (c *Conv2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	groups, kernel := max(c.Groups, 1), pair(s, c, "Kernel", c.Kernel, c.KernelHW)
	o := op.Conv2DOptions{
		Stride: pair(s, c, "Stride", c.Stride, c.StrideHW), Padding: pair(s, c, "Padding", c.Padding, c.PaddingHW),
		Dilation: pair(s, c, "Dilation", c.Dilation, c.DilationHW), Groups: c.Groups,
	}
	switch {
	case s.Err() != nil:
		return nil
	case c.In < 1 || c.Out < 1 || kernel[0] < 1 || kernel[1] < 1 || c.In%groups != 0 || c.Out%groups != 0:
		s.Errorf(c, ErrModule, "In %d, Out %d, Kernel %d×%d, Groups %d: want positive numbers, In and Out multiples of Groups", c.In, c.Out, kernel[0], kernel[1], groups)
		return nil
	case len(x.Shape()) != 4 || x.Shape()[1] != c.In:
		s.Errorf(c, ErrShape, "input %v, want [N, %d, H, W]", []int(x.Shape()), c.In)
		return nil
	}
	path := s.Path(c)
	w := s.Param(c, "weight", Weight, orInit(c.Init, HeNormal{}), c.Out, c.In/groups, kernel[0], kernel[1])
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.Conv2D(path, x, w, o))
	if c.Bias && y != nil {
		y = s.Try(op.BiasAdd(path, y, s.Param(c, "bias", Bias, orInit(c.BiasInit, Constant(0)), c.Out)))
	}
	if y != nil {
		s.Note(c, "Conv2D", y, int64(y.Shape().TotalSize())*int64(c.In/groups*kernel[0]*kernel[1]))
	}
	return y
}

func orInit(i, usual Init) Init {
	if i == nil {
		return usual
	}
	return i
}
