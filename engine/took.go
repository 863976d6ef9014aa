package engine

import (
	"time"

	"github.com/euryale-ml/euryale/device"
)

// stopwatch times the runs of a program: by a clock of the device or, where it has none, by
// the host's.
type stopwatch struct {
	clock   device.Clock // nil if the device has none; marks 0 and 1 are a run's begin and end
	started time.Time
	took    time.Duration // of the last finished run
}

func newStopwatch(dev device.Device) (w stopwatch) {
	if t, ok := dev.(device.Timer); ok {
		if c, err := t.NewClock(2); err == nil {
			w.clock = c
		}
	}
	return w
}

// mark enqueues mark i of the clock.
func (w *stopwatch) mark(i int) {
	if w.clock != nil {
		w.clock.Mark(i)
	}
}

// stop takes the time of a finished run; timed reports whether its marks were enqueued.
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
// the device's clock or, without a device.Timer, the time from Start to the end of the wait.
func (p *Program) Took() time.Duration {
	settle(p.dev)
	return p.watch.took
}
