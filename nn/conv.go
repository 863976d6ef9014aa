package nn

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/op"
)

// Conv2D is torch.nn.Conv2d: x [N, In, H, W] → [N, Out, OutH, OutW], with
// OutH = ⌊(H + 2·Padding - Dilation·(Kernel-1) - 1)/Stride⌋ + 1.
//
// Weights are He normal over the fan-out and biases 0, where PyTorch draws both
// uniformly; see Init.
type Conv2D struct {
	In, Out  int
	Kernel   int
	Stride   int // 0 means 1
	Padding  int // zeros on every side
	Dilation int // 0 means 1
	Groups   int // 0 means 1
	Bias     bool
	Init     Init // of the weight; nil means HeNormal
}

// Forward convolves.
func (c *Conv2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	groups := max(c.Groups, 1)
	switch {
	case c.In < 1 || c.Out < 1 || c.Kernel < 1 || c.In%groups != 0 || c.Out%groups != 0:
		s.Errorf(c, ErrModule, "In %d, Out %d, Kernel %d, Groups %d: want positive numbers, In and Out multiples of Groups", c.In, c.Out, c.Kernel, groups)
		return nil
	case len(x.Shape()) != 4 || x.Shape()[1] != c.In:
		s.Errorf(c, ErrShape, "input %v, want [N, %d, H, W]", []int(x.Shape()), c.In)
		return nil
	}
	path := s.Path(c)
	w := s.Param(c, "weight", Weight, orInit(c.Init, HeNormal{}), c.Out, c.In/groups, c.Kernel, c.Kernel)
	o := op.Conv2DOptions{Stride: both(c.Stride), Padding: both(c.Padding), Dilation: both(c.Dilation), Groups: c.Groups}
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.Conv2D(path, x, w, o))
	if c.Bias && y != nil {
		y = s.Try(op.BiasAdd(path, y, s.Param(c, "bias", Bias, Constant(0), c.Out)))
	}
	if y != nil {
		s.Note(c, "Conv2D", y, int64(y.Shape().TotalSize())*int64(c.In/groups*c.Kernel*c.Kernel))
	}
	return y
}

func both(v int) [2]int { return [2]int{v, v} }

func orInit(i, usual Init) Init {
	if i == nil {
		return usual
	}
	return i
}
