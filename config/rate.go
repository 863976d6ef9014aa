package config

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/schedule"
)

// EffectiveBatch is the number of images of one step of the optimizer: the batch times the
// batches that it accumulates.
func (c *Config) EffectiveBatch() int { return c.Data.Batch * max(1, c.Train.Accumulate) }

// Rate is the learning rate that follows from optim.lr: the full one, after a warm-up and
// before the schedule lowers it. With schedule.linear_scaling it is optim.lr times the
// effective batch over base_batch.
func (c *Config) Rate() float64 {
	if !c.Schedule.LinearScaling {
		return c.Optim.LR
	}
	return schedule.LinearScaled(c.Optim.LR, c.EffectiveBatch(), c.Schedule.BaseBatch)
}

// LRFor is the inverse of Rate: the optim.lr for which Rate returns rate.
func (c *Config) LRFor(rate float64) float64 {
	if !c.Schedule.LinearScaling {
		return rate
	}
	return schedule.LinearScaled(rate, c.Schedule.BaseBatch, c.EffectiveBatch())
}

// ExplainRate describes in a line the learning rates that follow from the settings, such as
// "lr 0.1 × 64/256 = 0.025, 5 epochs of warm-up, cosine to 0".
func (c *Config) ExplainRate() string {
	parts := []string{"lr " + short(c.Optim.LR)}
	if c.Schedule.LinearScaling {
		batch := fmt.Sprint(c.Data.Batch)
		if c.Train.Accumulate > 1 {
			batch = fmt.Sprintf("(%d·%d)", c.Data.Batch, c.Train.Accumulate)
		}
		parts[0] += fmt.Sprintf(" × %s/%d = %s", batch, c.Schedule.BaseBatch, short(c.Rate()))
	}
	if n := c.Schedule.WarmupEpochs; n > 0 {
		parts = append(parts, inwords.Count(n, "epoch")+" of warm-up")
	}
	parts = append(parts, c.explainSchedule())
	if d := c.Optim.LayerDecay; d != 1 {
		parts = append(parts, fmt.Sprintf("×%s a layer from the last to the first", short(d)))
	}
	if scales, err := c.Optim.ParseRateScales(); err == nil {
		for _, s := range scales {
			parts = append(parts, fmt.Sprintf("%s ×%s", s.Pattern, short(s.Factor)))
		}
	}
	return strings.Join(parts, ", ")
}

// explainSchedule describes the course of the rate after a warm-up.
func (c *Config) explainSchedule() string {
	s, err := c.schedule(1)
	if d, ok := s.(schedule.Describer); ok && err == nil {
		return d.Describe(c.Rate(), 1)
	}
	return c.Schedule.Name
}

// schedule makes the schedule that schedule.name chooses.
func (c *Config) schedule(stepsPerEpoch int) (schedule.Schedule, error) {
	return schedule.New(c.Schedule.Name, c.ScheduleOptions(stepsPerEpoch, c.Train.Epochs))
}

// ScheduleOptions are the arguments of schedule.New for the schedule of schedule.name.
func (c *Config) ScheduleOptions(stepsPerEpoch, epochs int) schedule.Options {
	s := c.Schedule
	return schedule.Options{
		StepsPerEpoch: stepsPerEpoch, Epochs: epochs, WarmupEpochs: s.WarmupEpochs, StepEpochs: s.StepEpochs, Gamma: s.Gamma, MinLR: s.MinLR,
		Settings: c.Settings("schedule.name", s.Name),
	}
}

// scheduleKeys has the key of each field that errors of schedule.New name.
var scheduleKeys = map[string]string{
	"Epochs": "train.epochs", "WarmupEpochs": "schedule.warmup_epochs", "StepEpochs": "schedule.step_epochs", "Gamma": "schedule.gamma",
	"MinLR": "schedule.min_lr", "Cosine.Min": "schedule.min_lr",
}

// checkSchedule is an error about a setting of the schedule that does not fit the others. A
// name or a value that is wrong by itself is reported elsewhere.
func (c *Config) checkSchedule() error {
	for _, k := range tree().keys {
		if (strings.HasPrefix(k.path, "schedule.") || k.path == "train.epochs") && (k.check(k.value(c)) != nil || k.checkNames(k.value(c)) != nil) {
			return nil
		}
	}
	s, err := c.schedule(1)
	if v, ok := s.(schedule.Validator); ok && err == nil {
		err = v.Validate(c.Rate())
	}
	var field *schedule.FieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field) && scheduleKeys[field.Field] != "":
		return &keyError{fmt.Sprintf("%s = %v: want %s (%s)", scheduleKeys[field.Field], field.Value, field.Want, c.ExplainRate()), ErrRange}
	}
	return &keyError{fmt.Sprintf("schedule.name = %s: %v", c.Schedule.Name, err), ErrRange}
}

// RateNotes are remarks on settings of the learning rate that are probably mistakes.
// stepsPerEpoch is the number of steps of the optimizer; 0: not known.
func (c *Config) RateNotes(stepsPerEpoch int) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	s, rate := c.Schedule, c.Rate()
	if s.LinearScaling && c.Given("optim.lr") && !c.Given("schedule.linear_scaling") && rate != c.Optim.LR {
		note("optim.lr = %s is for a batch of %d, since the recipe has schedule.linear_scaling; it becomes %s. To use the rate as it is: -set schedule.linear_scaling=false",
			short(c.Optim.LR), s.BaseBatch, short(rate))
	}
	end := c.end(stepsPerEpoch)
	if w := float64(s.WarmupEpochs); w > 0 && w >= end.epochs {
		note("the warm-up lasts as long as the run or longer (schedule.warmup_epochs = %d, %s): the learning rate only rises, to %s",
			s.WarmupEpochs, end.because, short(rate*end.epochs/w))
	}
	return append(notes, c.scheduleNotes(end)...)
}

// end is the number of epochs after which a run ends, and the setting responsible for it.
type end struct {
	epochs  float64
	because string
}

func (c *Config) end(stepsPerEpoch int) end {
	e := end{float64(c.Train.Epochs), fmt.Sprintf("train.epochs = %d", c.Train.Epochs)}
	if c.Train.MaxSteps > 0 && stepsPerEpoch > 0 {
		if epochs := float64(c.Train.MaxSteps) / float64(stepsPerEpoch); epochs < e.epochs {
			e = end{epochs, fmt.Sprintf("train.max_steps = %d", c.Train.MaxSteps)}
		}
	}
	return e
}

// scheduleNotes checks the rates that the schedule returns, so it works for every schedule.
func (c *Config) scheduleNotes(end end) (notes []string) {
	const perEpoch = 16 // steps, enough to see a fall within an epoch
	s, err := c.schedule(perEpoch)
	longer, err2 := schedule.New(c.Schedule.Name, c.ScheduleOptions(perEpoch, 2*c.Train.Epochs))
	if err != nil || err2 != nil {
		return nil // Validate returns the error
	}
	rate, warm, last := c.Rate(), perEpoch*c.Schedule.WarmupEpochs, int(math.Ceil(perEpoch*end.epochs))
	falls, fitted := false, s.LR(rate, perEpoch*c.Train.Epochs) != longer.LR(rate, perEpoch*c.Train.Epochs)
	for step := warm + 1; step <= last; step += max(1, last/1000) {
		falls = falls || s.LR(rate, step) < s.LR(rate, warm+1)
	}
	steers := c.steers()
	switch {
	case warm >= last:
	case fitted && end.epochs < float64(c.Train.Epochs):
		notes = append(notes, fmt.Sprintf("schedule.name = %s is laid out for train.epochs = %d; %s ends the run before the rate is down",
			c.Schedule.Name, c.Train.Epochs, end.because))
	case !falls && len(steers) > 0:
		notes = append(notes, fmt.Sprintf("the learning rate never falls: %s, %s", strings.Join(steers, ", "), end.because))
	}
	if warm > 0 && warm < last && s.LR(rate, warm+1) < s.LR(rate, warm) {
		notes = append(notes, fmt.Sprintf("the learning rate falls in the warm-up already, since the schedule counts from the first epoch: %s, schedule.warmup_epochs = %d",
			strings.Join(steers, ", "), c.Schedule.WarmupEpochs))
	}
	return notes
}

// steers lists the settings that the chosen schedule reads besides the warm-up.
func (c *Config) steers() (list []string) {
	e, _ := registry.For("schedule.name").Entry(c.Schedule.Name)
	for _, word := range e.Reads {
		if word == "warmup_epochs" {
			continue
		}
		if v, err := c.Get("schedule." + word); err == nil {
			list = append(list, "schedule."+word+" = "+v)
		}
	}
	return list
}

// short writes a number with at most four significant digits.
func short(v float64) string { return fmt.Sprintf("%.4g", v) }
