package optim

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/op"
	"github.com/euryale-ml/euryale/registry"
)

// Lion updates by the sign of a moving average of gradients (Chen et al., "Symbolic
// discovery of optimization algorithms", 2023). Its rate is usually a third to a tenth of
// AdamW's, and its weight decay larger by the same factor.
//
//	w = w·(1 - lr·WeightDecay) - lr·sign(β₁·m + (1-β₁)·g)
//	m = β₂·m + (1-β₂)·g
type Lion struct {
	LR          float64    // more than 0; the paper's is 1e-4
	Betas       [2]float64 // of the direction and of the moving average, at least 0 and less than 1; the paper's are 0.9, 0.99
	WeightDecay float64    // at least 0
	// Groups override the decay and the rate of some parameters.
	Groups Groups
	// Scale returns a factor on the rate of each parameter, such as LayerDecay's; nil: 1.
	Scale func(p *nn.Param) float64
}

var _ Optimizer = Lion{}

// lionSettings are the keys optim.lion.*.
type lionSettings struct {
	Betas [2]float64 `yaml:"betas" range:"[0,1)" order:"any" help:"decay of the direction and of the mean of gradients"`
}

func init() {
	usual := lionSettings{Betas: [2]float64{0.9, 0.99}}
	list.MustRegister("lion", func(c Config) (Optimizer, error) {
		s := c.Settings.(lionSettings)
		return Lion{LR: c.LR, Betas: s.Betas, WeightDecay: c.WeightDecay, Groups: c.Groups, Scale: c.Scale}, nil
	}, registry.About("the sign of a mean of gradients, with decoupled weight decay (Chen et al. 2023)"),
		registry.Reads("weight_decay", "no_bias_decay", "layer_decay", "rate_scales"), registry.Settings(usual))
}

// Validate returns an error that names the first invalid field.
func (o Lion) Validate() error {
	bad := func(name string, value any, want string) error {
		return fmt.Errorf("optim: Lion.%s = %v: %w: want %s", name, value, ErrConfig, want)
	}
	if !(o.LR > 0) || math.IsInf(o.LR, 1) {
		return bad("LR", o.LR, "a number greater than 0")
	}
	if !(o.WeightDecay >= 0) || math.IsInf(o.WeightDecay, 1) {
		return bad("WeightDecay", o.WeightDecay, "a number of at least 0")
	}
	for i, b := range o.Betas {
		if !(b >= 0 && b < 1) {
			return bad(fmt.Sprintf("Betas[%d]", i), b, "0 ≤ β < 1")
		}
	}
	return o.Groups.Validate("Lion")
}

// Rate is LR.
func (o Lion) Rate() float64 { return o.LR }

// RateScale is the factor of p's group, or 1, times Scale.
func (o Lion) RateScale(p *nn.Param) float64 { return o.Groups.RateScale(p) * scaleOf(o.Scale, p) }

// Update adds the nodes of the new value and the moving average.
func (o Lion) Update(p *nn.Param, gradient *gorgonia.Node, in Inputs) (Update, error) {
	m := slot(p, "mean of ")
	w, err := op.LionWeight(p.Name, p.Node, m, gradient, in.LR, op.LionOptions{
		Beta1: o.Betas[0], WeightDecay: o.Groups.WeightDecay(p, o.WeightDecay),
	})
	if err != nil {
		return Update{}, err
	}
	next, err := op.Lerp(p.Name, m, gradient, 1-o.Betas[1])
	return Update{Value: w, Slots: []Slot{{Name: "exp_avg", Node: m, Next: next}}}, err
}
