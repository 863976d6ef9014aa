package optim

import (
	"errors"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
)

// ErrConfig is wrapped by errors about invalid settings.
var ErrConfig = errors.New("bad optimizer")

// Slot is a state value that an optimizer keeps for a parameter between steps; initially 0.
type Slot struct {
	Name string // "momentum"
	Node *gorgonia.Node
	Next *gorgonia.Node // its value after the step
}

// Update is the change of a parameter in a step.
type Update struct {
	Value *gorgonia.Node // the parameter's new value
	Slots []Slot
}

// Optimizer computes the update of each parameter.
type Optimizer interface {
	// Validate returns an error that names the first invalid setting.
	Validate() error
	// Rate is the learning rate that schedules start from. The optimizer is the only place
	// that stores it: a Trainer asks for it at each step.
	Rate() float64
	// RateScale is the factor on the learning rate of a parameter, by its group.
	RateScale(p *nn.Param) float64
	// Update adds the update of p to p's graph.
	Update(p *nn.Param, gradient *gorgonia.Node, in Inputs) (Update, error)
}

// Inputs are the inputs of every update, scalars of the parameter's type.
type Inputs struct {
	LR   *gorgonia.Node // the learning rate, RateScale applied
	Step *gorgonia.Node // the number of the step, from 1
}

// WeightDecayParams splits the parameters into the weights of convolutions and linear
// layers, which decay, and biases, γ and β, which do not with no_bias_decay (He et al.,
// "Bag of tricks", 2019, section 3.1).
func WeightDecayParams(params []*nn.Param) (decay, noDecay []*nn.Param) {
	for _, p := range params {
		if Decays(p) {
			decay = append(decay, p)
		} else {
			noDecay = append(noDecay, p)
		}
	}
	return decay, noDecay
}

// Decays reports whether p is a weight, that is, not a bias, γ or β.
func Decays(p *nn.Param) bool { return p.Role == nn.Weight }
