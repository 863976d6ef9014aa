package nn

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/op"
)

// MaxPool2D is torch.nn.MaxPool2d: x [N, C, H, W] → [N, C, OutH, OutW], with
// OutH = ⌊(H + 2·Padding - Kernel)/Stride⌋ + 1, and OutW alike.
type MaxPool2D struct {
	Kernel  int
	Stride  int // 0 means Kernel
	Padding int // at most half the kernel; it counts as −∞

	// {height, width} instead, for rectangular windows.
	KernelHW, StrideHW, PaddingHW [2]int

	CeilMode bool // rounds the output size up
}

// Forward pools x [N, C, H, W].
func (p *MaxPool2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.MaxPool2D(s.Path(p), x, op.PoolOptions{
		Kernel: pair(s, p, "Kernel", p.Kernel, p.KernelHW), Stride: pair(s, p, "Stride", p.Stride, p.StrideHW),
		Padding: pair(s, p, "Padding", p.Padding, p.PaddingHW), CeilMode: p.CeilMode,
	}))
	s.Note(p, "MaxPool2D", y, 0)
	return y
}

// AvgPool2D is torch.nn.AvgPool2d; see MaxPool2D for the shapes. Padding is excluded
// from the average; PyTorch includes it by default.
type AvgPool2D struct {
	Kernel  int
	Stride  int // 0 means Kernel
	Padding int // at most half the kernel

	// {height, width} instead, for rectangular windows.
	KernelHW, StrideHW, PaddingHW [2]int

	CeilMode        bool // rounds the output size up
	CountIncludePad bool // includes the padding, as zeros; PyTorch's default is true
}

// Forward pools x [N, C, H, W].
func (p *AvgPool2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.AvgPool2D(s.Path(p), x, op.PoolOptions{
		Kernel: pair(s, p, "Kernel", p.Kernel, p.KernelHW), Stride: pair(s, p, "Stride", p.Stride, p.StrideHW),
		Padding: pair(s, p, "Padding", p.Padding, p.PaddingHW), CeilMode: p.CeilMode, CountIncludePad: p.CountIncludePad,
	}))
	s.Note(p, "AvgPool2D", y, 0)
	return y
}

// AdaptiveAvgPool2D is torch.nn.AdaptiveAvgPool2d: x [N, C, H, W] → [N, C, Size, Size].
type AdaptiveAvgPool2D struct {
	Size   int    // 0 means 1: the global average
	SizeHW [2]int // {height, width} instead
}

// Forward pools x [N, C, H, W].
func (p *AdaptiveAvgPool2D) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	size := pair(s, p, "Size", p.Size, p.SizeHW)
	y := s.Try(op.AdaptiveAvgPool2D(s.Path(p), x, max(size[0], 1), max(size[1], 1)))
	s.Note(p, "AdaptiveAvgPool2D", y, 0)
	return y
}
