package cpu

import (
	"time"

	"github.com/euryale-ml/euryale/device"
)

// clock is a device.Clock: the goroutine that executes the run takes the time at each mark.
type clock struct {
	queue *queue
	at    []time.Time
}

// NewClock makes a clock with n marks.
func (d *Device) NewClock(n int) (device.Clock, error) {
	return &clock{&d.queue, make([]time.Time, n)}, nil
}

func (c *clock) Mark(i int) { c.queue.enqueue(entry{clock: c, mark: i}) }

func (c *clock) take(i int) { c.at[i] = time.Now() }

func (c *clock) Between(i, j int) time.Duration { return c.at[j].Sub(c.at[i]) }

func (c *clock) Free() error { return nil }
