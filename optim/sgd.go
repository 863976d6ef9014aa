package optim

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
	"github.com/euryale-ml/euryale/registry"
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
	// Groups override the decay and the rate of some parameters.
	Groups Groups
	// Scale returns a factor on the rate of each parameter, such as LayerDecay's; nil: 1.
	Scale func(p *nn.Param) float64
}

var _ Optimizer = SGD{}

func init() {
	list.MustRegister("sgd", func(c Config) (Optimizer, error) {
		return SGD{LR: c.LR, Momentum: c.Momentum, WeightDecay: c.WeightDecay, Nesterov: c.Nesterov, Groups: c.Groups, Scale: c.Scale}, nil
	}, registry.About("stochastic gradient descent with momentum, PyTorch's SGD"),
		registry.Reads("momentum", "nesterov", "weight_decay", "no_bias_decay", "layer_decay", "rate_scales"))
}

// Validate returns an error that names the first invalid field.
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
	return o.Groups.Validate("SGD")
}

// Rate is LR.
func (o SGD) Rate() float64 { return o.LR }

// RateScale is the factor of p's group, or 1, times Scale.
func (o SGD) RateScale(p *nn.Param) float64 { return o.Groups.RateScale(p) * scaleOf(o.Scale, p) }

// Update adds the nodes of the velocity and the new value.
func (o SGD) Update(p *nn.Param, gradient *gorgonia.Node, in Inputs) (Update, error) {
	opts := op.SGDOptions{Momentum: o.Momentum, WeightDecay: o.Groups.WeightDecay(p, o.WeightDecay), Nesterov: o.Nesterov}
	if o.Momentum == 0 {
		w, err := op.SGDWeight(p.Name, p.Node, gradient, in.LR, nil, opts)
		return Update{Value: w}, err
	}
	v := slot(p, "momentum of ")
	next, err := op.SGDVelocity(p.Name, v, gradient, p.Node, opts)
	if err != nil {
		return Update{}, err
	}
	var g *gorgonia.Node
	if o.Nesterov {
		g = gradient
	}
	w, err := op.SGDWeight(p.Name, p.Node, next, in.LR, g, opts)
	return Update{Value: w, Slots: []Slot{{Name: "momentum", Node: v, Next: next}}}, err
}
