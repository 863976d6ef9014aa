package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// Times between two displays of progress.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

// progress shows the progress of a run: one line that is redrawn on a terminal, elsewhere a
// line every few seconds; and one line per epoch on both.
type progress struct {
	out      io.Writer
	columns  func() int // current width of the terminal; nil: not a terminal
	coloured bool
	reflows  bool // the terminal rewraps lines when it gets narrower
	drawn    int  // columns of the line on the terminal; 0: none
	chance   float64
	maxSteps int
	now      func() time.Time

	epochs         int
	first, total   int // steps done before, steps in all
	at             int // the last step
	begun, shown   time.Time
	epochBegun     time.Time
	loss, accuracy average
	rate, stall    average
	last           time.Time // of the last step
}

func newProgress(out io.Writer, chance float64, maxSteps int) *progress {
	p := &progress{out: out, chance: chance, maxSteps: maxSteps, now: time.Now, coloured: colours(out), reflows: reflows()}
	if _, ok := terminal(out); ok {
		p.columns = func() int { n, _ := terminal(out); return n }
	}
	return p
}

func (p *progress) hook() trainer.Hook {
	return trainer.Hook{Name: "progress", Start: p.start, Step: p.step, Evaluating: p.evaluating, Epoch: p.epoch, End: p.end}
}

func (p *progress) start(s trainer.Start) error {
	p.epochs, p.first, p.total = s.Epochs, s.Step, s.Epochs*s.StepsPerEpoch
	if p.maxSteps > 0 {
		p.total = min(p.total, p.maxSteps)
	}
	p.begun = p.now()
	p.shown, p.last, p.epochBegun = p.begun, p.begun, p.begun
	fmt.Fprintf(p.out, "training: %s of %s\n", inwords.Count(s.Epochs, "epoch"), inwords.Count(s.StepsPerEpoch, "step"))
	p.at = p.first
	if p.columns == nil {
		return nil
	}
	return p.draw(field{text: "first step"})
}

func (p *progress) step(e trainer.StepEvent) error {
	now := p.now()
	took := now.Sub(p.last)
	p.last = now
	if e.Step == p.first+1 {
		p.begun = now // the first step uses its memory for the first time, and takes longer
	}
	p.loss.add(e.Loss)
	p.accuracy.add(e.Accuracy)
	p.rate.add(e.ImagesPerSecond)
	if took > 0 {
		p.stall.add(min(1, e.Waited.Seconds()/took.Seconds()))
	}
	p.at = e.Step
	if now.Sub(p.shown) < p.every() && e.Step != p.first+1 {
		return nil
	}
	p.shown = now
	if p.columns != nil {
		return p.draw(p.fields(e, now)...)
	}
	_, err := fmt.Fprintln(p.out, p.state(e, now))
	return err
}

// every is the time between two lines, or between two redraws of the line.
func (p *progress) every() time.Duration {
	if p.columns != nil {
		return barEvery
	}
	return lineEvery
}

// left is the time to the end of the run, by the steps so far; false: not known yet.
func (p *progress) left(step int, now time.Time) (time.Duration, bool) {
	done := step - p.first - 1
	if done < 1 {
		return 0, false
	}
	return now.Sub(p.begun) / time.Duration(done) * time.Duration(max(0, p.total-step)), true
}

// fields are the state of the run, for the terminal's line. Each has a constant width, so that
// nothing moves while numbers change.
func (p *progress) fields(e trainer.StepEvent, now time.Time) []field {
	of := func(n, all int) string { return fmt.Sprintf("%*d/%d", len(strconv.Itoa(all)), n, all) }
	left := fmt.Sprintf("%8s left", "-:--")
	if d, ok := p.left(e.Step, now); ok {
		left = clock(d) + " left"
	}
	return []field{
		{"epoch " + of(e.Epoch, p.epochs), 1},
		{"step " + of(e.Step, p.total), 5},
		{left, 2},
		{"loss " + sixWide(p.loss.value()), 3},
		{fmt.Sprintf("acc %5.1f %%", 100*p.accuracy.value()), 4},
		{fmt.Sprintf("lr %-8.3g", e.LR), 7},
		{fmt.Sprintf("%s images/s", sixWide(p.rate.value())), 6},
		{fmt.Sprintf("data stall %3.0f %%", 100*p.stall.value()), 8},
	}
}

// state is the state of the run as a line of a log.
func (p *progress) state(e trainer.StepEvent, now time.Time) string {
	s := fmt.Sprintf("epoch %d/%d  step %d/%d  loss %.4g  acc %s  lr %.3g  %.4g images/s", e.Epoch, p.epochs, e.Step, p.total,
		p.loss.value(), percent(p.accuracy.value()), e.LR, p.rate.value())
	if d, ok := p.left(e.Step, now); ok {
		s += "  " + duration(d) + " left"
	}
	return s + fmt.Sprintf("  data stall %.0f %%", 100*p.stall.value())
}

func (p *progress) evaluating(done, total int) error {
	now := p.now()
	if now.Sub(p.shown) < p.every() {
		return nil
	}
	p.shown = now
	text := fmt.Sprintf("testing: %d of %d images", done, total)
	if p.columns != nil {
		return p.draw(field{text: fmt.Sprintf("testing: %*d of %d images", len(strconv.Itoa(total)), done, total)})
	}
	_, err := fmt.Fprintln(p.out, text)
	return err
}

func (p *progress) epoch(e trainer.EpochEvent) error {
	now := p.now()
	p.clear()
	columns := math.MaxInt
	if p.columns != nil {
		columns = p.columns() - 1
	}
	took, best := duration(now.Sub(p.epochBegun)), ""
	if e.Best {
		best = "the best so far"
		took += ", "
	}
	line := fitted(columns, field{fmt.Sprintf("epoch %d/%d", e.Epoch, p.epochs), 0}, field{fmt.Sprintf("step %d", e.Step), 6},
		field{fmt.Sprintf("train loss %.4g", e.Train.Loss), 4}, field{fmt.Sprintf("test loss %.4f", e.Test.Loss), 3},
		field{fmt.Sprintf("test accuracy %s", percent(e.Test.Accuracy)), 1}, field{fmt.Sprintf("(chance %s)", percent(p.chance)), 7},
		field{fmt.Sprintf("balanced %s", percent(e.Test.BalancedAccuracy)), 5}, field{took + best, 2})
	line = strings.Replace(strings.Replace(line, "  (chance", " (chance", 1), best, green(p.coloured, best), 1)
	_, err := fmt.Fprintln(p.out, line)
	p.epochBegun, p.last = now, now
	return err
}

func (p *progress) end(*run.Report, error) error {
	p.clear()
	return nil
}

// draw redraws the terminal's line: the share that is done, a bar if there is room, and
// fields. It leaves the last column free, after which some terminals wrap.
func (p *progress) draw(fields ...field) error {
	const share = 4 // columns of the percentage
	columns := p.columns()
	room := columns - 1
	done := 1.0
	if p.total > 0 {
		done = min(1, float64(p.at)/float64(p.total))
	}
	room -= share + 2
	line := fmt.Sprintf("%3.0f%%", math.Floor(100*done))
	important := slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return f.rank > barRank })
	if width := min(maxBar, room-1-utf8.RuneCountInString(fitted(room, important...))); width >= minBar {
		full := int(done * float64(width))
		line += " " + green(p.coloured, strings.Repeat("█", full)) + strings.Repeat("░", width-full)
		room -= 1 + width
	}
	text := fitted(room, fields...)
	start := p.lineStart(columns)
	p.drawn = columns - 1 - room + utf8.RuneCountInString(text)
	_, err := io.WriteString(p.out, start+line+"  "+text+clearLine)
	return err
}

// The bar has minBar to maxBar parts, if the fields up to barRank leave enough room.
const minBar, maxBar, barRank = 5, 10, 5

// clearLine clears a terminal's line from the cursor on, clearBelow all below it, too.
const clearLine, clearBelow = "\x1b[K", "\x1b[J"

// lineStart moves the cursor to the start of the drawn line. If the terminal got narrower and
// wrapped the line, all its parts are cleared.
func (p *progress) lineStart(columns int) string {
	rows := 1
	if p.reflows && p.drawn > 0 {
		rows = (p.drawn-1)/max(1, columns) + 1
	}
	if rows == 1 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA%s", rows-1, clearBelow)
}

func (p *progress) clear() {
	if p.columns != nil {
		io.WriteString(p.out, p.lineStart(p.columns())+clearLine)
		p.drawn = 0
	}
}

// reflows reports whether the terminal rewraps its lines when its width changes. Most do;
// xterm and screen cut them off.
func reflows() bool {
	inTmux := os.Getenv("TMUX") != ""
	return inTmux || os.Getenv("XTERM_VERSION") == "" && os.Getenv("STY") == "" && os.Getenv("TERM") != "linux"
}

// average is a moving average over about twenty values.
type average struct{ sum, weight float64 }

func (a *average) add(v float64) {
	if !metrics.Finite(v) {
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
