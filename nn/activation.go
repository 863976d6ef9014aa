package nn

import (
	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/op"
)

// ReLU is max(0, x), of any shape.
type ReLU struct{ _ byte } // not of size 0: modules are identified by address, and zero-size values may share one

// Forward applies the function.
func (r *ReLU) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	return activate(s, r, x, device.ReLU)
}

// SiLU is x·σ(x) with σ(x) = 1/(1 + e^-x), of any shape, also called Swish (Elfwing, Uchibe
// and Doya, 2017).
type SiLU struct{ _ byte }

// Forward applies the function.
func (a *SiLU) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	return activate(s, a, x, device.SiLU)
}

// GELU is x·Φ(x) with Φ the standard normal distribution function, of any shape (Hendrycks
// and Gimpel, 2016). The zero value computes Φ by the error function, PyTorch's default.
type GELU struct {
	Tanh bool // approximate Φ by tanh, as PyTorch's approximate="tanh"
}

// Forward applies the function.
func (a *GELU) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	act := device.GELU
	if a.Tanh {
		act = device.GELUTanh
	}
	return activate(s, a, x, act)
}

// activate implements Forward of the activation functions.
func activate(s *Scope, m Module, x *gorgonia.Node, act device.Act) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.Activate(s.Path(m), x, act))
	s.Note(m, act.String(), y, 0)
	return y
}

// Dropout zeroes each element with probability P in training and scales the
// others by 1/(1-P); in evaluation it does nothing (Srivastava et al., 2014).
type Dropout struct{ P float64 }

// Forward adds dropout in training, and returns x in evaluation.
func (d *Dropout) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	if !(d.P >= 0 && d.P < 1) {
		s.Errorf(d, ErrModule, "P is %v, want 0 ≤ P < 1", d.P)
		return nil
	}
	y := x
	if s.Training() && d.P > 0 {
		y = s.Try(op.Dropout(s.Path(d), x, s.RNG(), d.P))
	}
	s.Note(d, "Dropout", y, 0)
	return y
}

// Flatten turns x [N, …] into [N, rest].
type Flatten struct{ _ byte }

// Forward reshapes.
func (f *Flatten) Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node {
	if s.Err() != nil {
		return nil
	}
	y := s.Try(op.Flatten(s.Path(f), x))
	s.Note(f, "Flatten", y, 0)
	return y
}

// Identity returns its input.
type Identity struct{ _ byte }

// Forward returns x.
func (*Identity) Forward(_ *Scope, x *gorgonia.Node) *gorgonia.Node { return x }
