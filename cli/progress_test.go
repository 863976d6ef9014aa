package cli

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// tellRun plays a run of two epochs of ten steps, a second each, to p.
func tellRun(p *progress) {
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	h := p.hook()
	h.Start(trainer.Start{Epochs: 2, StepsPerEpoch: 10})
	for step := 1; step <= 20; step++ {
		now = now.Add(time.Second)
		epoch := (step + 9) / 10
		h.Step(trainer.StepEvent{Point: run.Point{Epoch: epoch, Step: step, Loss: 1.5, Accuracy: 0.25, LR: 0.01, ImagesPerSecond: 64}, Waited: 100 * time.Millisecond, Time: now})
		if step%10 == 0 {
			h.Evaluating(32, 64)
			h.Epoch(trainer.EpochEvent{Epoch: epoch, Step: step, Train: run.TrainEpoch{Loss: 1.75}, Test: run.Scores{Point: run.Point{Loss: 1.25, Accuracy: 0.5, BalancedAccuracy: 0.4}}, Best: epoch == 1})
		}
	}
	h.End(nil, nil)
}

func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	tellRun(newProgress(&out, 0.1, 0))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1+1+3+2 { // the beginning, the first step, one each 5 s, the epochs
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
	for _, want := range []string{
		"training: 2 epochs of 10 steps",
		"epoch 1/2  step 6/20  loss 1.5  acc 25.0 %  lr 0.01  64 images/s  14 s left  data stall 10 %",
		"epoch 1/2  step 10  train loss 1.75  test loss 1.2500  test accuracy 50.0 % (chance 10.0 %)  balanced 40.0 %  10 s, the best so far\n",
		"epoch 2/2  step 20  train loss 1.75  test loss 1.2500  test accuracy 50.0 % (chance 10.0 %)  balanced 40.0 %  10 s\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// escapes are the codes that take no place on a terminal.
var escapes = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// TestProgressOnATerminal plays a run on terminals of several widths.
func TestProgressOnATerminal(t *testing.T) {
	for _, c := range []struct {
		columns int
		want    []string // in lines of the run's end, or an epoch's
	}{
		{20, []string{" 95%  epoch 2/2"}},
		{40, []string{" 95% ███████░  epoch 2/2      0:01 left", "epoch 1/2  test accuracy 50.0 %\n"}},
		{60, []string{" 95%  epoch 2/2      0:01 left  loss 1.5000  acc  25.0 %", "epoch 1/2  test accuracy 50.0 %  10 s, the best so far\n"}},
		{80, []string{" 95% ████", "epoch 2/2  step 19/20      0:01 left  loss 1.5000  acc  25.0 %", "epoch 1/2  test loss 1.2500  test accuracy 50.0 %  10 s, the best so far\n"}},
		{100, []string{" 95% █████████░  epoch 2/2  step 19/20      0:01 left  loss 1.5000  acc  25.0 %"}},
		{200, []string{
			" 95% █████████░  epoch 2/2  step 19/20      0:01 left  loss 1.5000  acc  25.0 %  lr 0.01      64.000 images/s  data stall  10 %",
			"epoch 1/2  step 10  train loss 1.75  test loss 1.2500  test accuracy 50.0 % (chance 10.0 %)  balanced 40.0 %  10 s, the best so far\n",
		}},
	} {
		for _, coloured := range []bool{false, true} {
			var out bytes.Buffer
			p := newProgress(&out, 0.1, 0)
			p.columns, p.coloured = func() int { return c.columns }, coloured
			tellRun(p)
			if has := strings.Contains(out.String(), "\x1b[32m"); has != coloured && c.columns >= 60 {
				t.Errorf("%d columns: colours %v, want %v", c.columns, has, coloured)
			}
			text := escapes.ReplaceAllString(out.String(), "")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%d columns: no %q in\n%s", c.columns, want, strings.ReplaceAll(text, "\r", "\n"))
				}
			}
			places := map[int]bool{} // of "left"
			for line := range strings.SplitSeq(strings.ReplaceAll(text, "\n", "\r"), "\r") {
				if n := utf8.RuneCountInString(line); n >= c.columns && !strings.HasPrefix(line, "training:") {
					t.Errorf("%d columns: a line of %d: %q", c.columns, n, line)
				}
				if before, _, ok := strings.Cut(line, " left"); ok {
					places[utf8.RuneCountInString(before)] = true
				}
			}
			if len(places) > 1 {
				t.Errorf("%d columns: the time left stands in the columns %v", c.columns, places)
			}
		}
	}
}

// TestProgressFollowsTheWidth makes the terminal narrower in the middle of a run.
func TestProgressFollowsTheWidth(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out, 0.1, 0)
	columns := 100
	p.columns = func() int { return columns }
	p.start(trainer.Start{Epochs: 2, StepsPerEpoch: 10})
	for i, width := range []int{100, 50, 200} {
		columns = width
		out.Reset()
		p.shown = time.Time{}
		p.step(trainer.StepEvent{Point: run.Point{Epoch: 1, Step: i + 1, Loss: 1, Accuracy: 0.5, LR: 0.1, ImagesPerSecond: 1}, Time: time.Now()})
		line := escapes.ReplaceAllString(strings.Trim(out.String(), "\r"), "")
		if n := utf8.RuneCountInString(line); n >= width || n < min(width, 100)/2 {
			t.Errorf("%d columns: a line of %d: %q", width, n, line)
		}
	}
}

// TestNarrowerClearsWhatWasBroken clears all rows into which a narrower terminal breaks the
// old line, and only where it does.
func TestNarrowerClearsWhatWasBroken(t *testing.T) {
	for _, c := range []struct {
		reflows bool
		to      int
		want    string // before the new line
	}{
		{true, 60, "\r\x1b[1A\x1b[J"}, {true, 30, "\r\x1b[2A\x1b[J"}, {true, 100, "\r"}, {true, 79, "\r"}, {false, 60, "\r"},
	} {
		var out bytes.Buffer
		p := newProgress(&out, 0.1, 0)
		columns := 80
		p.columns, p.reflows = func() int { return columns }, c.reflows
		p.start(trainer.Start{Epochs: 2, StepsPerEpoch: 10})
		next := func(step int) string {
			out.Reset()
			p.shown = time.Time{}
			p.step(trainer.StepEvent{Point: run.Point{Epoch: 1, Step: step, Loss: 1, Accuracy: 0.5, LR: 0.1, ImagesPerSecond: 1}, Time: time.Now()})
			before, _, _ := strings.Cut(out.String(), "  ")
			return before
		}
		next(1)
		columns = c.to
		if got := next(2); !strings.HasPrefix(got, c.want) || strings.HasPrefix(got[len(c.want):], "\x1b") {
			t.Errorf("%+v: %q", c, got)
		}
		if got := next(3); !strings.HasPrefix(got, "\r ") {
			t.Errorf("%+v: the line after it begins with %q", c, got)
		}
		out.Reset()
		p.clear()
		p.clear()
		if got := out.String(); got != "\r\x1b[K\r\x1b[K" {
			t.Errorf("%+v: cleared by %q", c, got)
		}
	}
}

// TestLongRunFits has the numbers of a long run in 80 columns, all of the important ones.
func TestLongRunFits(t *testing.T) {
	p := &progress{epochs: 100, total: 5800, first: 0}
	p.loss.add(3.61)
	p.accuracy.add(0.031)
	p.rate.add(71.3)
	e := trainer.StepEvent{Point: run.Point{Epoch: 3, Step: 123, LR: 0.00123}}
	p.begun = time.Unix(0, 0)
	line := fitted(80-1-4-2, p.fields(e, time.Unix(600, 0))...)
	if want := "epoch   3/100  step  123/5800   7:45:20 left  loss 3.6100  acc   3.1 %"; line != want {
		t.Errorf("%q, want %q", line, want)
	}
}

func TestFixedWidths(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.0000", 3.6109: "3.6109", 9.99996: "10.000", 12.5: "12.500", 123.456: "123.46", 1234.56: "1234.6", 12345.6: " 12346", 1e8: " 1e+08",
		0.000123: " 1e-04", math.Inf(1): "  +Inf", math.NaN(): "   NaN", 99.99951: "100.00",
	} {
		if got := sixWide(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "    0:00", 200 * time.Second: "    3:20", 2*time.Hour + 5*time.Minute: " 2:05:00", 99 * time.Hour: "99:00:00", 100 * time.Hour: "  4d 04h",
	} {
		if got := clock(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
