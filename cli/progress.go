package cli

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/euryale-ml/euryale/trainer"
)

const (
	// barParts is how many parts of the bar are a step.
	barParts = 100
	// How often progress is told.
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// progress tells how a run goes: one line that is redrawn on a terminal, elsewhere a
// line every few seconds; and a line an epoch on both.
type progress struct {
	out      io.Writer
	columns  int // of the terminal; 0 if it is none
	chance   float64
	maxSteps int
	now      func() time.Time

	bar            *progressbar.ProgressBar
	epochs         int
	first, total   int // steps done before, steps in all
	begun, said    time.Time
	epochBegun     time.Time
	loss, accuracy average
	rate, stall    average
	last           time.Time // of the last step
}

func newProgress(out io.Writer, chance float64, maxSteps int) *progress {
	p := &progress{out: out, chance: chance, maxSteps: maxSteps, now: time.Now}
	p.columns, _ = terminal(out)
	return p
}

func (p *progress) hook() trainer.Hook {
	return trainer.Hook{Name: "progress", Start: p.start, Step: p.step, Evaluating: p.evaluating, Epoch: p.epoch, End: p.end}
}

func (p *progress) start(s trainer.Start) error {
	p.epochs, p.first, p.total = s.Epochs, s.Step, s.Epochs*s.StepsAnEpoch
	if p.maxSteps > 0 {
		p.total = min(p.total, p.maxSteps)
	}
	p.begun = p.now()
	p.said, p.last, p.epochBegun = p.begun, p.begun, p.begun
	fmt.Fprintf(p.out, "training: %d epochs of %d steps; the first step compiles the program\n", s.Epochs, s.StepsAnEpoch)
	if p.columns == 0 {
		return nil
	}
	p.bar = progressbar.NewOptions(barParts*p.total+1, // never full: it would end its line
		progressbar.OptionSetWriter(p.out), progressbar.OptionSetWidth(10), progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetRenderBlankState(false),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}))
	return p.draw(p.first, "compiling")
}

func (p *progress) step(e trainer.StepEvent) error {
	now := p.now()
	took := now.Sub(p.last)
	p.last = now
	if e.Step == p.first+1 {
		p.begun = now // the first step's time is mostly compilation
	}
	p.loss.add(e.Loss)
	p.accuracy.add(e.Accuracy)
	p.rate.add(e.ImagesPerSecond)
	if took > 0 {
		p.stall.add(min(1, e.Waited.Seconds()/took.Seconds()))
	}
	every := lineEvery
	if p.bar != nil {
		every = barEvery
	}
	if now.Sub(p.said) < every && e.Step != p.first+1 {
		return nil
	}
	p.said = now
	if p.bar != nil {
		return p.draw(e.Step, p.state(e, now))
	}
	_, err := fmt.Fprintln(p.out, p.state(e, now))
	return err
}

// state is where the run stands, the most important first: a narrow terminal cuts it.
func (p *progress) state(e trainer.StepEvent, now time.Time) string {
	s := fmt.Sprintf("epoch %d/%d  step %d/%d  loss %.4g  acc %s  lr %.3g  %.4g images/s", e.Epoch, p.epochs, e.Step, p.total,
		p.loss.value(), percent(p.accuracy.value()), e.LR, p.rate.value())
	if done := e.Step - p.first - 1; done > 0 {
		left := now.Sub(p.begun) / time.Duration(done) * time.Duration(max(0, p.total-e.Step))
		s += "  " + duration(left) + " left"
	}
	return s + fmt.Sprintf("  data stall %.0f %%", 100*p.stall.value())
}

func (p *progress) evaluating(done, total int) error {
	now := p.now()
	every := lineEvery
	if p.bar != nil {
		every = barEvery
	}
	if now.Sub(p.said) < every {
		return nil
	}
	p.said = now
	text := fmt.Sprintf("testing: %d of %d images", done, total)
	if p.bar != nil {
		return p.draw(-1, text)
	}
	_, err := fmt.Fprintln(p.out, text)
	return err
}

func (p *progress) epoch(e trainer.EpochEvent) error {
	now := p.now()
	p.clear()
	best := ""
	if e.Best {
		best = ", the best so far"
	}
	_, err := fmt.Fprintf(p.out, "epoch %d/%d  step %d  train loss %.4g  test loss %.4f  test accuracy %s (chance %s)  balanced %s  %s%s\n", e.Epoch, p.epochs, e.Step,
		e.Train.Loss, e.Test.Loss, percent(e.Test.Accuracy), percent(p.chance), percent(e.Test.BalancedAccuracy), duration(now.Sub(p.epochBegun)), best)
	p.epochBegun, p.last = now, now
	return err
}

func (p *progress) end(*trainer.Report, error) error {
	p.clear()
	return nil
}

// draw redraws the terminal's line at a step; -1 leaves the bar where it is.
func (p *progress) draw(step int, text string) error {
	const bar = 20 // percentage, borders and spaces beside the text
	if room := max(10, p.columns-bar-1); len([]rune(text)) > room {
		text = string([]rune(text)[:room])
	}
	if step >= 0 {
		if err := p.bar.Set(barParts * min(step, p.total)); err != nil {
			return err
		}
	}
	p.bar.Describe(text)
	return nil
}

func (p *progress) clear() {
	if p.bar != nil {
		p.bar.Clear()
	}
}

// average is a mean of the last twenty values or so.
type average struct{ sum, weight float64 }

func (a *average) add(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	const keep = 0.95
	a.sum, a.weight = keep*a.sum+v, keep*a.weight+1
}

func (a *average) value() float64 {
	if a.weight == 0 {
		return math.NaN()
	}
	return a.sum / a.weight
}
