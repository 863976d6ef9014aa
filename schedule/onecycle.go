package schedule

import (
	"fmt"

	"github.com/euryale-ml/euryale/registry"
)

// OneCycle's constants, torch's defaults.
const (
	oneCycleStart    = 0.3  // share of the steps that rise
	oneCycleDiv      = 25.0 // the optimizer's rate over the first rate
	oneCycleFinalDiv = 1e4  // the first rate over the last
)

// OneCycle rises from 1/25 of the optimizer's rate to all of it over the first 30 % of the
// steps and then falls to 1/250000 of it, both along half a cosine: torch's OneCycleLR with
// its defaults, but with constant momentum ("Super-Convergence", Smith and Topin 2017). It
// includes its own warm-up.
type OneCycle struct {
	Steps int // of the complete run
}

func init() {
	list.MustRegister("onecycle", func(o Options) (Schedule, error) {
		if o.WarmupEpochs > 0 {
			return nil, &FieldError{"WarmupEpochs", o.WarmupEpochs, "0, since onecycle rises by itself"}
		}
		return OneCycle{Steps: o.Steps()}, nil
	}, registry.About("the rate rises and falls once over the run"), registry.Reads("warmup_epochs"))
}

// LR returns the learning rate of a step.
func (o OneCycle) LR(base float64, step int) float64 {
	low := base / oneCycleDiv
	at, last := float64(min(max(step, 1), o.Steps)-1), float64(o.Steps-1)
	top := oneCycleStart*float64(o.Steps) - 1
	if at <= top {
		return between(low, base, at/top)
	}
	return between(base, low/oneCycleFinalDiv, (at-top)/(last-top))
}

// Validate returns an error that names the first invalid field.
func (o OneCycle) Validate(float64) error { return least("OneCycle.Steps", o.Steps, 1) }

// Describe returns text such as "onecycle from 0.004 up to it and down to 4e-07".
func (o OneCycle) Describe(base float64, _ int) string {
	low := base / oneCycleDiv
	return fmt.Sprintf("onecycle from %.4g up to it and down to %.4g", low, low/oneCycleFinalDiv)
}
