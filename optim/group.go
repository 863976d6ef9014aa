package optim

import (
	"fmt"
	"math"
	"strings"

	"github.com/euryale-ml/euryale/nn"
)

func validateGroups(optimizer string, groups []Group) error {
	finite := func(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }
	for i, g := range groups {
		if g.Match == nil || !finite(g.WeightDecay) || !finite(g.RateScale) {
			return fmt.Errorf("optim: %s.Groups[%d]: %w: want a Match, and WeightDecay and RateScale of at least 0", optimizer, i, ErrConfig)
		}
	}
	return nil
}

// groupOf is the first group that matches p, else one of the optimizer's own settings.
func groupOf(groups []Group, p *nn.Param, weightDecay float64) Group {
	for _, g := range groups {
		if g.Match(p) {
			return g
		}
	}
	return Group{WeightDecay: weightDecay, RateScale: 1}
}

func scaleOf(scale func(*nn.Param) float64, p *nn.Param) float64 {
	if scale == nil {
		return 1
	}
	return scale(p)
}

// LayerDecay makes rates that shrink from the classifier down to the first layer: the
// last layer has the scale 1, the one before it decay, then decay², as timm's
// param_groups_layer_decay. layer names the layer of a parameter; layers are in the order
// in which params comes to them. nil takes the first element of a parameter's name.
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
			return 1 // a parameter that params lacks
		}
		return math.Pow(decay, float64(last-i))
	}
}
