package nn

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/op"
)

// MaxPool2D is torch.nn.MaxPool2d.
type MaxPool2D struct {
	Kernel   int
	Stride   int // 0 means Kernel
	Padding  int // at most half the kernel; never wins
	CeilMode bool
}

// Forward pools x [N, C, H, W].
func (p *MaxPool2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.MaxPool2D(s.Path(p), x, op.PoolOptions{
		Kernel: both(p.Kernel), Stride: both(p.Stride), Padding: both(p.Padding), CeilMode: p.CeilMode,
	}))
	s.Note(p, "MaxPool2D", y, 0)
	return y
}

// AvgPool2D is torch.nn.AvgPool2d, but padding does not count unless CountIncludePad
// is set, which is PyTorch's default.
type AvgPool2D struct {
	Kernel          int
	Stride          int // 0 means Kernel
	Padding         int // at most half the kernel
	CeilMode        bool
	CountIncludePad bool
}

// Forward pools x [N, C, H, W].
func (p *AvgPool2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.AvgPool2D(s.Path(p), x, op.PoolOptions{
		Kernel: both(p.Kernel), Stride: both(p.Stride), Padding: both(p.Padding),
		CeilMode: p.CeilMode, CountIncludePad: p.CountIncludePad,
	}))
	s.Note(p, "AvgPool2D", y, 0)
	return y
}

// AdaptiveAvgPool2D is torch.nn.AdaptiveAvgPool2d to Size×Size.
type AdaptiveAvgPool2D struct {
	Size int // 0 means 1: the global average
}

// Forward pools x [N, C, H, W].
func (p *AdaptiveAvgPool2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	size := max(p.Size, 1)
	y := s.Try(op.AdaptiveAvgPool2D(s.Path(p), x, size, size))
	s.Note(p, "AdaptiveAvgPool2D", y, 0)
	return y
}
