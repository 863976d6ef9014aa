package track

import (
	"errors"
	"fmt"
	"io/fs"
)

// cutter decides which lines stay when a run resumes after a step.
type cutter struct {
	step      int
	evaluated bool // the checkpoint has an epoch line of step
	last      int  // the step of the line before
	trained   bool // the step line of last was there
	complete  bool // all lines of the checkpoint have been there
}

func newCutter(step int, evaluated bool) *cutter {
	return &cutter{step: step, evaluated: evaluated, complete: step == 0}
}

// keeps reports whether a line stays. A line that is bad or not in order is dropped after
// the last line of the checkpoint, and an error before.
func (c *cutter) keeps(e entry) (bool, error) {
	if e.bad == nil && (e.Step > c.step || e.Step == c.step && e.Kind != StepLine && !c.evaluated) {
		c.complete = true
		return false, nil
	}
	bad := e.bad
	if bad == nil && (e.Step < c.last || e.Step == c.last && e.Kind == StepLine && c.trained) {
		bad = fmt.Errorf("step %d after step %d", e.Step, c.last)
	}
	if bad != nil && c.complete {
		return false, nil
	}
	if bad != nil {
		return false, fmt.Errorf("line %d, which is before the checkpoint of step %d: %w", e.number, c.step, bad)
	}
	if e.Step == 0 {
		return false, nil
	}
	c.trained = e.Kind == StepLine || c.trained && e.Step == c.last
	c.last = e.Step
	c.complete = c.complete || e.Step == c.step && (e.Kind == StepLine) != c.evaluated
	return true, nil
}

// toCut reports whether lines are to be dropped, and checks those that stay.
func (l *Log) toCut(step int, evaluated bool) (cut bool, err error) {
	path := l.path(JSONLFile)
	c := newCutter(step, evaluated)
	for e, err := range entries(path) {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		keep, err := c.keeps(e)
		if err != nil {
			return false, fmt.Errorf("track: %w: %s: %w", ErrLog, path, err)
		}
		cut = cut || !keep
	}
	return cut, nil
}
