package nn

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/op"
)

// Linear is torch.nn.Linear: x [N, In] → x·Wᵀ + b [N, Out].
type Linear struct {
	In, Out int
	NoBias  bool // PyTorch's bias=False
	// Init is the weight's; nil means U(±1/√In), PyTorch's default.
	Init Init
	// BiasInit is the bias's; nil means U(±1/√In), PyTorch's default.
	BiasInit Init
}

// Forward adds the matrix product and the bias.
func (l *Linear) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	if l.In < 1 || l.Out < 1 {
		s.Errorf(l, ErrModule, "In %d, Out %d: want positive numbers", l.In, l.Out)
		return nil
	}
	if len(x.Shape()) != 2 || x.Shape()[1] != l.In {
		s.Errorf(l, ErrShape, "input %v, want [N, %d]", []int(x.Shape()), l.In)
		return nil
	}
	path, usual := s.Path(l), FanInUniform{In: l.In}
	w := s.Param(l, "weight", Weight, orInit(l.Init, usual), l.Out, l.In)
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.Linear(path, x, w))
	if !l.NoBias && y != nil {
		y = s.Try(op.BiasAdd(path, y, s.Param(l, "bias", Bias, orInit(l.BiasInit, usual), l.Out)))
	}
	if y != nil {
		s.Note(l, "Linear", y, int64(x.Shape()[0])*int64(l.In)*int64(l.Out))
	}
	return y
}
