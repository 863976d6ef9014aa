package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/metrics"
)

// RateSweep is the configuration of FindRate.
type RateSweep struct {
	Min, Max  float64 // first and last rate; 0 means 1e-7 and 10, as fastai's
	Steps     int     // training steps from Min to Max, at least 10; 0 means 100
	Smoothing float64 // β of the mean loss, 0 < β < 1; 0 means 0.95, as torch-lr-finder's
	Diverged  float64 // factor over the least mean loss that ends the sweep, more than 1; 0 means 4
	// Each is called after each step; nil means no call.
	Each func(RatePoint)
}

// RatePoint is a step of the sweep.
type RatePoint struct {
	Step     int     `json:"step"` // from 1
	LR       float64 `json:"lr"`
	Loss     float64 `json:"loss"`     // of the step's images, before its update
	Smoothed float64 `json:"smoothed"` // exponential mean of the losses, bias-corrected as in Adam
}

// RateCurve is the result of FindRate.
type RateCurve struct {
	Points []RatePoint `json:"points"` // finite losses only
	// Steepest is the rate where the mean loss falls fastest over the logarithm of the rate: a
	// rate to train with. 0 if the loss never fell.
	Steepest float64 `json:"steepest"`
	// Lowest is the rate of the least mean loss; 0 if the loss never fell.
	Lowest float64 `json:"lowest"`
	// Diverged is true if, before the last step, the mean loss rose above RateSweep.Diverged
	// times its least value, or the loss was not finite.
	Diverged bool `json:"diverged"`
}

// Tenth is a tenth of Lowest, a more careful rate than Steepest; 0 if the loss never fell.
func (c *RateCurve) Tenth() float64 { return c.Lowest / 10 }

func (s RateSweep) withDefaults() RateSweep {
	set := func(v *float64, usual float64) {
		if *v == 0 {
			*v = usual
		}
	}
	set(&s.Min, 1e-7)
	set(&s.Max, 10)
	set(&s.Smoothing, 0.95)
	set(&s.Diverged, 4)
	if s.Steps == 0 {
		s.Steps = 100
	}
	return s
}

// leastSweep is the least number of steps that show a curve.
const leastSweep = 10

func (s RateSweep) validate() error {
	bad := func(field string, v any, want string) error {
		return fmt.Errorf("trainer: RateSweep.%s = %v: %w: want %s", field, v, ErrConfig, want)
	}
	switch {
	case !(s.Min > 0) || math.IsInf(s.Min, 1):
		return bad("Min", s.Min, "a rate greater than 0")
	case !(s.Max > s.Min) || math.IsInf(s.Max, 1):
		return bad("Max", s.Max, fmt.Sprintf("a rate greater than Min, %g", s.Min))
	case s.Steps < leastSweep:
		return bad("Steps", s.Steps, fmt.Sprintf("at least %d", leastSweep))
	case !(s.Smoothing > 0 && s.Smoothing < 1):
		return bad("Smoothing", s.Smoothing, "0 < β < 1")
	case !(s.Diverged > 1):
		return bad("Diverged", s.Diverged, "more than 1")
	}
	return nil
}

// rate is the rate of a step, from 1; the rates grow geometrically from Min to Max.
func (s RateSweep) rate(step int) float64 {
	return s.Min * math.Pow(s.Max/s.Min, float64(step-1)/float64(s.Steps-1))
}

// FindRate is the learning-rate range test (Smith, "Cyclical learning rates for training
// neural networks", WACV 2017): it trains a copy of the model's current weights, with a
// fresh optimizer, on the training batches, each step at a greater rate than the one
// before, until the loss diverges, and finds the rate where it fell fastest. The weights, the
// position and the folder of t do not change. A step has as many batches as in the run, see
// Config.Accumulate; short last batches are left out. The rates are the optimizer's:
// layer-wise factors apply on top, linear scaling and schedules do not.
//
// Errors: ErrConfig for a bad sweep, ErrDiverged if not even the first loss is finite,
// errors of loading images, and the cause of ctx.
func (t *Trainer) FindRate(ctx context.Context, sweep RateSweep) (*RateCurve, error) {
	s := sweep.withDefaults()
	if err := s.validate(); err != nil {
		return nil, err
	}
	trial, err := t.session.fork()
	if err != nil {
		return nil, err
	}
	defer trial.Close()
	if err := trial.Compile(min(t.config.Batch, t.train.Len())); err != nil {
		return nil, err
	}
	w := &sweeper{RateSweep: s, t: t, trial: trial, curve: &RateCurve{}}
	for epoch := 1; !w.done(); epoch++ {
		for b, err := range t.train.Batches(ctx, epoch) {
			if err != nil {
				return nil, err
			}
			if b.N < t.config.Batch && t.train.Steps() > 1 {
				continue
			}
			if err := w.batch(b); err != nil {
				return nil, err
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if w.done() {
				break
			}
		}
	}
	w.curve.suggest()
	return w.curve, nil
}

// sweeper is a sweep in progress.
type sweeper struct {
	RateSweep
	t     *Trainer
	trial *Session
	curve *RateCurve
	mean  float64 // of the losses, biased towards 0 at its start
	parts int     // batches of the current step so far
	loss  float64 // their part of the step's loss
}

func (w *sweeper) done() bool { return w.curve.Diverged || len(w.curve.Points) == w.Steps }

// batch trains on a batch: a step, or with Config.Accumulate a part of one.
func (w *sweeper) batch(b *dataset.Batch) error {
	lr := w.rate(len(w.curve.Points) + 1)
	of := max(1, w.t.config.Accumulate)
	var r Result
	var err error
	if of == 1 {
		r, err = w.trial.Train(b.Images, w.t.target(b), lr)
	} else {
		r, err = w.trial.Accumulate(b.Images, w.t.target(b), 1/float64(of))
	}
	if err != nil {
		return w.diverged(err)
	}
	w.loss += r.Loss / float64(of)
	if w.parts++; w.parts < of {
		return nil
	}
	loss := w.loss
	w.parts, w.loss = 0, 0
	if !metrics.Finite(loss) {
		return w.diverged(fmt.Errorf("trainer: %w: the loss is %v", ErrDiverged, loss))
	}
	w.point(lr, loss)
	if of > 1 {
		if _, err := w.trial.Apply(lr); err != nil {
			return w.diverged(err)
		}
	}
	return nil
}

// diverged ends the sweep where a step diverged, but not before the first update.
func (w *sweeper) diverged(err error) error {
	if !errors.Is(err, ErrDiverged) || len(w.curve.Points) == 0 {
		return err
	}
	w.curve.Diverged = true
	return nil
}

// point records a step.
func (w *sweeper) point(lr, loss float64) {
	p := RatePoint{Step: len(w.curve.Points) + 1, LR: lr, Loss: loss}
	w.mean = w.Smoothing*w.mean + (1-w.Smoothing)*loss
	p.Smoothed = w.mean / (1 - math.Pow(w.Smoothing, float64(p.Step)))
	best := p.Smoothed
	for _, before := range w.curve.Points {
		best = min(best, before.Smoothed)
	}
	w.curve.Diverged = p.Smoothed > w.RateSweep.Diverged*best && p.Step < w.Steps
	w.curve.Points = append(w.curve.Points, p)
	if w.Each != nil {
		w.Each(p)
	}
}

// suggest finds the steepest fall before the least mean loss. The first tenth of the points
// is left out, since the mean is over too few losses there.
func (c *RateCurve) suggest() {
	points := c.Points
	low := 0
	for i, p := range points {
		if p.Smoothed < points[low].Smoothed {
			low = i
		}
	}
	steepest := 0.0
	for i := max(1, len(points)/10); i <= low && i+1 < len(points); i++ {
		before, after := points[i-1], points[i+1]
		slope := (after.Smoothed - before.Smoothed) / math.Log(after.LR/before.LR)
		if slope < steepest {
			steepest, c.Steepest = slope, points[i].LR
		}
	}
	if c.Steepest > 0 {
		c.Lowest = points[low].LR
	}
}
