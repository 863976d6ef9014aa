package engine

import (
	"time"

	"github.com/euryale-ml/euryale/device"
)

// stopwatch times the runs of a program: by a clock of the device or, where it has none, by
// the host's.
type stopwatch struct {
	clock   device.Clock // nil without; marks 0 and 1 are a run's begin and end
	started time.Time
	took    time.Duration // of the last run that is over
}

func newStopwatch(dev device.Device) (w stopwatch) {
	if t, ok := dev.(device.Timer); ok {
		if c, err := t.NewClock(2); err == nil {
			w.clock = c
		}
	}
	return w
}

// mark enqueues the taking of a mark.
func (w *stopwatch) mark(i int) {
	if w.clock != nil {
		w.clock.Mark(i)
	}
}

// stop takes the time of a run that is over; timed: its marks were taken.
func (w *stopwatch) stop(timed bool) {
	w.took = time.Since(w.started)
	if w.clock != nil && timed {
		w.took = w.clock.Between(0, 1)
	}
}

func (w *stopwatch) free() error {
	if w.clock == nil {
		return nil
	}
	return w.clock.Free()
}

// Took waits for a pending run and returns how long the device worked on the last one: by
// the device's clock or, where it has no device.Timer, from Start until somebody waited.
func (p *Program) Took() time.Duration {
	settle(p.dev)
	return p.watch.took
}
