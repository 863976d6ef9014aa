package config

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
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

// LRFor is the optim.lr whose Rate is rate: what to type for a rate that was found.
func (c *Config) LRFor(rate float64) float64 {
	if !c.Schedule.LinearScaling {
		return rate
	}
	return schedule.LinearScaled(rate, c.Schedule.BaseBatch, c.EffectiveBatch())
}

// ExplainRate says in a line which learning rates follow from the settings, such as
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

// explainSchedule says what happens to the rate after a warm-up.
func (c *Config) explainSchedule() string {
	switch s := c.Schedule; s.Name {
	case "cosine":
		return "cosine to " + short(s.MinLR)
	case "step":
		return fmt.Sprintf("×%s every %s", short(s.Gamma), inwords.Count(s.StepEpochs, "epoch"))
	case "onecycle":
		o := schedule.OneCycle{Rate: c.Rate(), Steps: 1000}
		return fmt.Sprintf("onecycle from %s up to it and down to %s", short(o.LR(1)), short(o.LR(o.Steps)))
	}
	return c.Schedule.Name
}

// RateNotes are remarks on settings of the learning rate that probably are not what was
// meant. stepsAnEpoch is the number of steps of the optimizer; 0: not known.
func (c *Config) RateNotes(stepsAnEpoch int) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	s, epochs, rate := c.Schedule, c.Train.Epochs, c.Rate()
	if s.LinearScaling && c.Given("optim.lr") && !c.Given("schedule.linear_scaling") && rate != c.Optim.LR {
		note("optim.lr = %s is for a batch of %d, since the recipe has schedule.linear_scaling; it becomes %s. To use the rate as it is: -set schedule.linear_scaling=false",
			short(c.Optim.LR), s.BaseBatch, short(rate))
	}
	end := "train.epochs = " + fmt.Sprint(epochs)
	last := float64(epochs) // in epochs
	if c.Train.MaxSteps > 0 && stepsAnEpoch > 0 {
		if steps := float64(c.Train.MaxSteps) / float64(stepsAnEpoch); steps < last {
			last, end = steps, "train.max_steps = "+fmt.Sprint(c.Train.MaxSteps)
		}
	}
	if w := float64(s.WarmupEpochs); w > 0 && w >= last {
		note("the warm-up lasts as long as the run or longer (schedule.warmup_epochs = %d, %s): the learning rate only rises, to %s",
			s.WarmupEpochs, end, short(rate*last/w))
	}
	if s.Name == "step" && float64(s.StepEpochs) >= last {
		note("the learning rate never falls: schedule.step_epochs = %d, %s", s.StepEpochs, end)
	}
	if s.Name == "step" && s.WarmupEpochs > s.StepEpochs {
		note("the learning rate falls in the warm-up already: schedule.step_epochs = %d counts from the first epoch, schedule.warmup_epochs = %d", s.StepEpochs, s.WarmupEpochs)
	}
	if falls := s.Name == "cosine" || s.Name == "onecycle"; falls && last < float64(epochs) {
		note("schedule.name = %s is laid out for train.epochs = %d; %s ends the run before the rate is down", s.Name, epochs, end)
	}
	return notes
}

// short writes a number with at most four significant digits.
func short(v float64) string { return fmt.Sprintf("%.4g", v) }
