package optim

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
)

// SGD is torch.optim.SGD with dampening 0:
//
//	v = Momentum·v + g + WeightDecay·w
//	w = w - lr·v,  with Nesterov w = w - lr·(g + WeightDecay·w + Momentum·v)
type SGD struct {
	LR          float64 // more than 0
	Momentum    float64 // 0 keeps no velocity
	WeightDecay float64
	Nesterov    bool // needs a momentum
	// Groups give some parameters their own decay and rate.
	Groups []Group
}

var _ Optimizer = SGD{}

// Validate names the first setting that makes no sense.
func (o SGD) Validate() error {
	bad := func(name string, value any, want string) error {
		return fmt.Errorf("optim: SGD.%s = %v: %w: want %s", name, value, ErrConfig, want)
	}
	finite := func(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }
	switch {
	case !finite(o.LR) || o.LR == 0:
		return bad("LR", o.LR, "a number greater than 0")
	case !finite(o.Momentum) || o.Momentum >= 1:
		return bad("Momentum", o.Momentum, "0 ≤ momentum < 1")
	case !finite(o.WeightDecay):
		return bad("WeightDecay", o.WeightDecay, "a number of at least 0")
	case o.Nesterov && o.Momentum == 0:
		return bad("Nesterov", true, "a momentum greater than 0 with it")
	}
	for i, g := range o.Groups {
		if g.Match == nil || !finite(g.WeightDecay) || !finite(g.RateScale) {
			return fmt.Errorf("optim: SGD.Groups[%d]: %w: want a Match, and WeightDecay and RateScale of at least 0", i, ErrConfig)
		}
	}
	return nil
}

// Rate is LR.
func (o SGD) Rate() float64 { return o.LR }

func (o SGD) group(p *nn.Param) Group {
	for _, g := range o.Groups {
		if g.Match(p) {
			return g
		}
	}
	return Group{WeightDecay: o.WeightDecay, RateScale: 1}
}

// RateScale is the factor of p's group, else 1.
func (o SGD) RateScale(p *nn.Param) float64 { return o.group(p).RateScale }

// Update adds the velocity and the new value.
func (o SGD) Update(p *nn.Param, gradient, lr *gorgonia.Node) (Update, error) {
	opts := op.SGDOptions{Momentum: o.Momentum, WeightDecay: o.group(p).WeightDecay, Nesterov: o.Nesterov}
	if o.Momentum == 0 {
		w, err := op.SGDWeight(p.Name, p.Node, gradient, lr, nil, opts)
		return Update{Value: w}, err
	}
	v := gorgonia.NewTensor(p.Node.Graph(), p.Node.Dtype(), len(p.Shape),
		gorgonia.WithShape(p.Shape...), gorgonia.WithName("momentum of "+p.Name))
	next, err := op.SGDVelocity(p.Name, v, gradient, p.Node, opts)
	if err != nil {
		return Update{}, err
	}
	var g *gorgonia.Node
	if o.Nesterov {
		g = gradient
	}
	w, err := op.SGDWeight(p.Name, p.Node, next, lr, g, opts)
	return Update{Value: w, Slots: []Slot{{Name: "momentum", Node: v, Next: next}}}, err
}
