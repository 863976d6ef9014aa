package schedule

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/registry"
)

// Step multiplies the rate by Gamma after each Every steps, as torch's StepLR with
// Every = step_size epochs. Steps are counted from the first one of the run, those of the
// warm-up included.
type Step struct {
	Gamma  float64 // more than 0
	Every  int     // steps: epochs · steps per epoch
	Warmup int     // steps; 0 means none
}

func init() {
	list.MustRegister("step", func(o Options) (Schedule, error) {
		if err := first(least("StepEpochs", o.StepEpochs, 1), positive("Gamma", o.Gamma)); err != nil {
			return nil, err
		}
		return Step{Gamma: o.Gamma, Every: o.StepsPerEpoch * o.StepEpochs, Warmup: o.Warmup()}, nil
	}, registry.About("the rate is multiplied by gamma every step_epochs"), registry.Reads("warmup_epochs", "step_epochs", "gamma"))
}

// LR returns the learning rate of a step.
func (s Step) LR(base float64, step int) float64 {
	if step <= s.Warmup {
		return warm(base, step, s.Warmup)
	}
	return base * math.Pow(s.Gamma, float64((max(step, 1)-1)/max(s.Every, 1)))
}

// Validate returns an error that names the first invalid field.
func (s Step) Validate(float64) error {
	return first(positive("Step.Gamma", s.Gamma), least("Step.Every", s.Every, 1), least("Step.Warmup", s.Warmup, 0))
}

// Describe returns text such as "×0.1 every 30 epochs".
func (s Step) Describe(_ float64, stepsPerEpoch int) string {
	return fmt.Sprintf("×%.4g every %s", s.Gamma, inwords.Count(s.Every/stepsPerEpoch, "epoch"))
}
