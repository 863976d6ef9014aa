package optim

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/nn"
)

// Group overrides settings of some parameters. A field that is nil leaves the setting to
// other groups or the optimizer:
//
//	optim.Group{Match: optim.Named("fc.*"), RateScale: new(10.0)} // fc learns faster, and decays as the rest
type Group struct {
	// Match selects the parameters.
	Match func(p *nn.Param) bool
	// WeightDecay replaces the optimizer's, at least 0.
	WeightDecay *float64
	// RateScale multiplies the learning rate, at least 0; 0 leaves the values unchanged.
	RateScale *float64
}

// Groups are the groups of an optimizer. The first one that matches a parameter and sets a
// field applies.
type Groups []Group

// Validate returns an error that names the first invalid group: without Match, with a
// negative or infinite value, or with no field set. owner is the optimizer's type: "SGD".
func (groups Groups) Validate(owner string) error {
	for i, g := range groups {
		bad := func(want string) error {
			return fmt.Errorf("optim: %s.Groups[%d]: %w: want %s", owner, i, ErrConfig, want)
		}
		for _, v := range []*float64{g.WeightDecay, g.RateScale} {
			if v != nil && !(*v >= 0 && !math.IsInf(*v, 1)) {
				return bad(fmt.Sprintf("WeightDecay and RateScale of at least 0, not %v", *v))
			}
		}
		switch {
		case g.Match == nil:
			return bad("a Match, which chooses the parameters")
		case g.WeightDecay == nil && g.RateScale == nil:
			return bad("a WeightDecay or a RateScale: it sets nothing")
		}
	}
	return nil
}

// WeightDecay returns p's weight decay; usual is the optimizer's.
func (groups Groups) WeightDecay(p *nn.Param, usual float64) float64 {
	for _, g := range groups {
		if g.WeightDecay != nil && g.Match(p) {
			return *g.WeightDecay
		}
	}
	return usual
}

// RateScale returns the factor on p's learning rate, 1 if no group sets it.
func (groups Groups) RateScale(p *nn.Param) float64 {
	for _, g := range groups {
		if g.RateScale != nil && g.Match(p) {
			return *g.RateScale
		}
	}
	return 1
}

// NoBiasDecay returns a group that turns weight decay off for biases, γ and β.
func NoBiasDecay() Group {
	return Group{Match: func(p *nn.Param) bool { return !Decays(p) }, WeightDecay: new(0.0)}
}

// Named returns a Match for the parameters whose names match one of the patterns, in the
// syntax of path.Match: fc.*, layer?.*.bn?.*. A malformed pattern matches nothing.
func Named(patterns ...string) func(p *nn.Param) bool {
	return func(p *nn.Param) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			ok, _ := path.Match(pattern, p.Name)
			return ok
		})
	}
}

func scaleOf(scale func(*nn.Param) float64, p *nn.Param) float64 {
	if scale == nil {
		return 1
	}
	return scale(p)
}

// LayerDecay returns factors that shrink from the classifier to the first layer: the last
// layer has 1, the one before it decay, then decay², as timm's param_groups_layer_decay.
// layer returns the layer of a parameter; nil means the first element of its name. Layers
// are ordered by their first parameter in params.
func LayerDecay(params []*nn.Param, decay float64, layer func(param string) string) func(p *nn.Param) float64 {
	if layer == nil {
		layer = func(param string) string {
			first, _, _ := strings.Cut(param, ".")
			return first
		}
	}
	id := map[string]int{}
	for _, p := range params {
		if name := layer(p.Name); id[name] == 0 {
			id[name] = len(id) + 1
		}
	}
	last := len(id)
	return func(p *nn.Param) float64 {
		i := id[layer(p.Name)]
		if i == 0 {
			return 1 // a parameter that is not in params
		}
		return math.Pow(decay, float64(last-i))
	}
}
