package schedule

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrConfig is wrapped by errors about settings that make no sense.
var ErrConfig = errors.New("bad schedule")

// Schedule gives each step its learning rate. The schedules of this package also have
// Validate, which names the first field that makes no sense; New has validated what it
// makes.
type Schedule interface {
	// LR is the learning rate of a step, counted from 1 over the whole run.
	LR(step int) float64
}

var (
	_ Schedule = Constant{}
	_ Schedule = Step{}
	_ Schedule = Cosine{}
	_ Schedule = OneCycle{}
)

// Constant is the same rate throughout, after warm-up.
type Constant struct {
	Rate   float64 // more than 0
	Warmup int     // steps; 0 means none
}

// LR is the learning rate of a step.
func (c Constant) LR(step int) float64 {
	if step <= c.Warmup {
		return warm(c.Rate, step, c.Warmup)
	}
	return c.Rate
}

// Validate names the first field that makes no sense.
func (c Constant) Validate() error {
	return first(rate("Constant.Rate", c.Rate), least("Constant.Warmup", c.Warmup, 0))
}

// Step multiplies the rate by Gamma after each Every steps, as torch's StepLR with
// Every = step_size epochs. Steps are counted from the first one of the run, those of the
// warm-up included.
type Step struct {
	Rate   float64 // more than 0
	Gamma  float64 // more than 0
	Every  int     // steps: epochs · steps an epoch
	Warmup int     // steps; 0 means none
}

// LR is the learning rate of a step.
func (s Step) LR(step int) float64 {
	if step <= s.Warmup {
		return warm(s.Rate, step, s.Warmup)
	}
	return s.Rate * math.Pow(s.Gamma, float64((max(step, 1)-1)/max(s.Every, 1)))
}

// Validate names the first field that makes no sense.
func (s Step) Validate() error {
	return first(rate("Step.Rate", s.Rate), rate("Step.Gamma", s.Gamma), least("Step.Every", s.Every, 1), least("Step.Warmup", s.Warmup, 0))
}

// Cosine falls after the warm-up from Rate towards Min along half a cosine, as torch's
// CosineAnnealingLR ("SGDR", Loshchilov and Hutter 2017): with T = Steps and m = Warmup,
//
//	Min + ½·(Rate − Min)·(1 + cos(π(i − 1 − m)/(T − m)))
//
// Steps after the last one have the rate Min. A warm-up that is longer than the run is
// cut off by its end.
type Cosine struct {
	Rate   float64 // more than 0
	Min    float64 // 0 to Rate
	Steps  int     // of the whole run, warm-up included
	Warmup int     // steps; 0 means none
}

// LR is the learning rate of a step.
func (c Cosine) LR(step int) float64 {
	switch {
	case step <= c.Warmup:
		return warm(c.Rate, step, c.Warmup)
	case step > c.Steps:
		return c.Min
	}
	done := float64(max(step, 1)-1-c.Warmup) / float64(c.Steps-c.Warmup)
	return c.Min + (c.Rate-c.Min)*(1+math.Cos(math.Pi*done))/2
}

// Validate names the first field that makes no sense.
func (c Cosine) Validate() error {
	return first(rate("Cosine.Rate", c.Rate), lowest("Cosine.Min", c.Min, c.Rate), least("Cosine.Steps", c.Steps, 1), least("Cosine.Warmup", c.Warmup, 0))
}

// Of OneCycle, as torch's defaults.
const (
	oneCycleStart    = 0.3  // share of the steps that rise
	oneCycleDiv      = 25.0 // Rate over the first rate
	oneCycleFinalDiv = 1e4  // the first rate over the last
)

// OneCycle rises from Rate/25 to Rate over the first 30 % of the steps and then falls to
// Rate/250000, both along half a cosine: torch's OneCycleLR with its defaults, but for the
// momentum, which stays ("Super-Convergence", Smith and Topin 2017). It needs no warm-up.
type OneCycle struct {
	Rate  float64 // the greatest, more than 0
	Steps int     // of the whole run
}

// LR is the learning rate of a step.
func (o OneCycle) LR(step int) float64 {
	low := o.Rate / oneCycleDiv
	at, last := float64(min(max(step, 1), o.Steps)-1), float64(o.Steps-1)
	top := oneCycleStart*float64(o.Steps) - 1
	if at <= top {
		return between(low, o.Rate, at/top)
	}
	return between(o.Rate, low/oneCycleFinalDiv, (at-top)/(last-top))
}

// Validate names the first field that makes no sense.
func (o OneCycle) Validate() error {
	return first(rate("OneCycle.Rate", o.Rate), least("OneCycle.Steps", o.Steps, 1))
}

// LinearScaled is lr · batch / base: a rate found for batches of base images, scaled to
// batch images (Goyal et al. 2017, §2.1).
func LinearScaled(lr float64, batch, base int) float64 {
	return lr * float64(batch) / float64(base)
}

// warm is the rate of a warm-up step.
func warm(lr float64, step, steps int) float64 {
	return lr * float64(max(step, 1)) / float64(steps)
}

// between goes from a to b along half a cosine as done goes from 0 to 1.
func between(a, b, done float64) float64 {
	return b + (a-b)*(1+math.Cos(math.Pi*done))/2
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func rate(field string, v float64) error {
	if !(v > 0) || math.IsInf(v, 1) {
		return fmt.Errorf("schedule: %s = %v: %w: want a number greater than 0", field, v, ErrConfig)
	}
	return nil
}

func lowest(field string, v, rate float64) error {
	if !(v >= 0 && v <= rate) {
		return fmt.Errorf("schedule: %s = %v: %w: want 0 to the rate, %v", field, v, ErrConfig, rate)
	}
	return nil
}

func least(field string, v, want int) error {
	if v < want {
		return fmt.Errorf("schedule: %s = %d: %w: want at least %d", field, v, ErrConfig, want)
	}
	return nil
}

// Options describe a schedule in epochs, as a configuration does.
type Options struct {
	Rate         float64 // after warm-up, more than 0; of "onecycle" the greatest
	StepsAnEpoch int     // at least 1
	Epochs       int     // of the run, at least 1
	WarmupEpochs int     // 0 means none; must be 0 for "onecycle", which rises by itself
	StepEpochs   int     // of "step": epochs from one fall to the next, at least 1
	Gamma        float64 // of "step": the factor of each fall, more than 0
	MinRate      float64 // of "cosine": the last rate, 0 to Rate
}

// Names lists the schedules that New makes.
func Names() []string { return []string{"constant", "step", "cosine", "onecycle"} }

// New makes the schedule of a name. Settings that the schedule does not use are not
// looked at; errors name the field, or the known names.
func New(name string, o Options) (Schedule, error) {
	err := first(rate("Rate", o.Rate), least("StepsAnEpoch", o.StepsAnEpoch, 1), least("Epochs", o.Epochs, 1), least("WarmupEpochs", o.WarmupEpochs, 0))
	if err != nil {
		return nil, err
	}
	steps, warmup := o.StepsAnEpoch*o.Epochs, o.StepsAnEpoch*o.WarmupEpochs
	switch name {
	case "constant":
		return Constant{Rate: o.Rate, Warmup: warmup}, nil
	case "step":
		if err := first(least("StepEpochs", o.StepEpochs, 1), rate("Gamma", o.Gamma)); err != nil {
			return nil, err
		}
		return Step{Rate: o.Rate, Gamma: o.Gamma, Every: o.StepsAnEpoch * o.StepEpochs, Warmup: warmup}, nil
	case "cosine":
		if err := lowest("MinRate", o.MinRate, o.Rate); err != nil {
			return nil, err
		}
		return Cosine{Rate: o.Rate, Min: o.MinRate, Steps: steps, Warmup: warmup}, nil
	case "onecycle":
		if warmup > 0 {
			return nil, fmt.Errorf("schedule: WarmupEpochs = %d: %w: onecycle rises by itself, want 0", o.WarmupEpochs, ErrConfig)
		}
		return OneCycle{Rate: o.Rate, Steps: steps}, nil
	}
	return nil, fmt.Errorf("schedule: %q: %w: want one of %s", name, ErrConfig, strings.Join(Names(), ", "))
}
