package schedule

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/registry"
)

// Cosine falls after the warm-up from the optimizer's rate towards Min along half a cosine,
// as torch's CosineAnnealingLR ("SGDR", Loshchilov and Hutter 2017): with T = Steps and
// m = Warmup,
//
//	Min + ½·(base − Min)·(1 + cos(π(i − 1 − m)/(T − m)))
//
// Steps after the last one have the rate Min. A warm-up that is longer than the run is
// cut off by its end.
type Cosine struct {
	Min    float64 // 0 to the optimizer's rate
	Steps  int     // of the complete run, warm-up included
	Warmup int     // steps; 0 means none
}

func init() {
	list.MustRegister("cosine", func(o Options) (Schedule, error) {
		if err := notNegative("MinLR", o.MinLR); err != nil {
			return nil, err
		}
		return Cosine{Min: o.MinLR, Steps: o.Steps(), Warmup: o.Warmup()}, nil
	}, registry.About("the rate falls to min_lr along half a cosine over the run"), registry.Reads("warmup_epochs", "min_lr"))
}

// LR returns the learning rate of a step.
func (c Cosine) LR(base float64, step int) float64 {
	switch {
	case step <= c.Warmup:
		return warm(base, step, c.Warmup)
	case step > c.Steps:
		return c.Min
	}
	done := float64(max(step, 1)-1-c.Warmup) / float64(c.Steps-c.Warmup)
	return c.Min + (base-c.Min)*(1+math.Cos(math.Pi*done))/2
}

// Validate returns an error that names the first invalid field. Min may be at most base.
func (c Cosine) Validate(base float64) error {
	err := first(notNegative("Cosine.Min", c.Min), least("Cosine.Steps", c.Steps, 1), least("Cosine.Warmup", c.Warmup, 0))
	if err == nil && c.Min > base {
		err = &FieldError{"Cosine.Min", c.Min, fmt.Sprintf("0 to %v, the optimizer's rate, from which it falls", base)}
	}
	return err
}

// Describe returns text such as "cosine to 0".
func (c Cosine) Describe(float64, int) string { return fmt.Sprintf("cosine to %.4g", c.Min) }
