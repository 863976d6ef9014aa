package run

import (
	"errors"
	"fmt"
	"io/fs"
)

// cutter decides which lines are kept when a run resumes after a step: those up to the last
// line of its checkpoint, and none after the first line that is dropped.
type cutter struct {
	step      int
	evaluated bool // the checkpoint has an epoch line of step
	last      int  // the step of the previous line
	trained   bool // the step line of last has been read
	complete  bool // all lines of the checkpoint have been read
	past      bool // a line was dropped
	steps     int  // step lines kept
}

func newCutter(step int, evaluated bool) *cutter {
	return &cutter{step: step, evaluated: evaluated, complete: step == 0, past: step == 0}
}

// keeps reports whether a line is kept. A line that is malformed or not in order is an
// error unless all lines of the checkpoint are before it.
func (c *cutter) keeps(e entry) (bool, error) {
	bad := e.bad
	if bad == nil && (e.Step < c.last || e.Step == c.last && e.Kind == StepLine && c.trained) {
		bad = fmt.Errorf("step %d after step %d", e.Step, c.last)
	}
	later := e.bad == nil && (e.Step > c.step || e.Step == c.step && e.Kind != StepLine && !c.evaluated)
	switch {
	case c.complete && c.steps < c.step && e.bad == nil && e.Step < c.step:
		return false, fmt.Errorf("line %d: step %d comes after the checkpoint of step %d", e.number, e.Step, c.step)
	case c.complete && (bad != nil || later || c.past), c.past && e.bad != nil, later:
		c.past = true
		c.last = max(c.last, e.Step)
		return false, nil
	case bad != nil:
		return false, fmt.Errorf("line %d, which is before the checkpoint of step %d: %w", e.number, c.step, bad)
	}
	if e.Kind == StepLine {
		c.steps++
	}
	c.trained = e.Kind == StepLine || c.trained && e.Step == c.last
	c.last = e.Step
	c.complete = c.complete || e.Step == c.step && (e.Kind == StepLine) != c.evaluated
	return true, nil
}

// toCut reports whether lines are to be dropped, and checks those that are kept.
func (l *Log) toCut(step int, evaluated bool) (cut bool, err error) {
	path := l.folder.Path(LinesFile)
	c := newCutter(step, evaluated)
	for e, err := range entries(path) {
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return false, err
		}
		keep, err := c.keeps(e)
		if err != nil {
			return false, fmt.Errorf("run: %w: %s: %w", ErrLog, path, err)
		}
		cut = cut || !keep
	}
	l.missing = step - c.steps
	return cut, nil
}
