package optim

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
	"github.com/euryale-ml/euryale/registry"
)

// AdamW is torch.optim.AdamW (Loshchilov and Hutter, "Decoupled weight decay
// regularization", 2019): weight decay is not part of the gradient.
//
//	w = w·(1 - lr·WeightDecay)
//	m = β₁·m + (1-β₁)·g,  v = β₂·v + (1-β₂)·g²
//	w = w - lr/(1-β₁ᵗ) · m/(√v/√(1-β₂ᵗ) + Eps)
type AdamW struct {
	LR          float64    // more than 0
	Betas       [2]float64 // of the moments, at least 0 and less than 1; PyTorch's are 0.9, 0.999
	Eps         float64    // more than 0; PyTorch's is 1e-8
	WeightDecay float64    // PyTorch's is 0.01
	// Groups override the decay and the rate of some parameters.
	Groups Groups
	// Scale returns a factor on the rate of each parameter, such as LayerDecay's; nil: 1.
	Scale func(p *nn.Param) float64
}

var _ Optimizer = AdamW{}

func init() {
	list.MustRegister("adamw", func(c Config) (Optimizer, error) {
		return AdamW{LR: c.LR, Betas: c.Betas, Eps: c.Eps, WeightDecay: c.WeightDecay, Groups: c.Groups, Scale: c.Scale}, nil
	}, registry.About("Adam with decoupled weight decay (Loshchilov and Hutter 2019)"),
		registry.Reads("betas", "eps", "weight_decay", "no_bias_decay", "layer_decay", "rate_scales"))
}

// DefaultAdamW returns AdamW with the learning rate lr and torch.optim.AdamW's defaults:
// betas 0.9 and 0.999, eps 1e-8, weight decay 0.01. In an AdamW literal zero means zero.
func DefaultAdamW(lr float64) AdamW {
	return AdamW{LR: lr, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, WeightDecay: 0.01}
}

// Validate returns an error that names the first invalid field.
func (o AdamW) Validate() error {
	bad := func(name string, value any, want string) error {
		return fmt.Errorf("optim: AdamW.%s = %v: %w: want %s", name, value, ErrConfig, want)
	}
	finite := func(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }
	switch {
	case !finite(o.LR) || o.LR == 0:
		return bad("LR", o.LR, "a number greater than 0")
	case !finite(o.Eps) || o.Eps == 0:
		return bad("Eps", o.Eps, "a number greater than 0, such as DefaultAdamW's 1e-8")
	case !finite(o.WeightDecay):
		return bad("WeightDecay", o.WeightDecay, "a number of at least 0")
	}
	for i, b := range o.Betas {
		if !(b >= 0 && b < 1) {
			return bad(fmt.Sprintf("Betas[%d]", i), b, "0 ≤ β < 1")
		}
	}
	return o.Groups.Validate("AdamW")
}

// Rate is LR.
func (o AdamW) Rate() float64 { return o.LR }

// RateScale is the factor of p's group, or 1, times Scale.
func (o AdamW) RateScale(p *nn.Param) float64 {
	return o.Groups.RateScale(p) * scaleOf(o.Scale, p)
}

// Update adds the nodes of the moments and the new value.
func (o AdamW) Update(p *nn.Param, gradient *gorgonia.Node, in Inputs) (Update, error) {
	m, v := slot(p, "first moment of "), slot(p, "second moment of ")
	nextM, err := op.Lerp(p.Name, m, gradient, 1-o.Betas[0])
	if err != nil {
		return Update{}, err
	}
	nextV, err := op.SquareLerp(p.Name, v, gradient, 1-o.Betas[1])
	if err != nil {
		return Update{}, err
	}
	w, err := op.AdamWeight(p.Name, p.Node, nextM, nextV, in.LR, in.Step, op.AdamOptions{
		Beta1: o.Betas[0], Beta2: o.Betas[1], Eps: o.Eps, WeightDecay: o.Groups.WeightDecay(p, o.WeightDecay),
	})
	return Update{Value: w, Slots: []Slot{{Name: "exp_avg", Node: m, Next: nextM}, {Name: "exp_avg_sq", Node: v, Next: nextV}}}, err
}

// slot returns the input node of a state value of a parameter.
func slot(p *nn.Param, name string) *gorgonia.Node {
	return gorgonia.NewTensor(p.Node.Graph(), p.Node.Dtype(), len(p.Shape), gorgonia.WithShape(p.Shape...), gorgonia.WithName(name+p.Name))
}
