// Package queued is a device for tests. It wraps another device and computes the same, but
// asynchronously: kernels, copies and uploads wait in a queue and start at random times, late
// or only when a caller waits for them, and memory whose contents are undefined is filled with
// NaN. It has every capability of package device except Unifier, and fails on demand. Code
// that works on it relies only on the contract of device.Device.
package queued

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/device"
)

// Options set the device's behaviour. The zero value does not fail.
type Options struct {
	// Seed is the seed of the delays.
	Seed uint64
	// Delay is the longest random delay before each job; 0: none.
	Delay time.Duration
	// Memory is the number of bytes that NewBuffer allocates in total; 0: as many as the
	// wrapped device has.
	Memory int64
	// Fault, optional, is called before each kernel; if it returns an error, the kernel fails
	// with it and does not run. A *device.Fault with Lost ends the device.
	Fault func(s *device.Step) error
	// FailBegin, optional, is called by Begin, which returns its error.
	FailBegin func() error
}

// Device is the wrapper.
type Device struct {
	inner device.Device
	o     Options
	queue
	random    *rand.Rand // of the caller's goroutine
	recording *recording // filled by Record
	used      int64      // bytes of device memory
	closed    bool
}

var (
	_ device.Device         = (*Device)(nil)
	_ device.Recorder       = (*Device)(nil)
	_ device.Timer          = (*Device)(nil)
	_ device.Aliaser        = (*Device)(nil)
	_ device.MemoryReporter = (*Device)(nil)
)

// New wraps a device and owns it: nothing else may use it, and Close closes it.
func New(inner device.Device, o Options) *Device {
	d := &Device{inner: inner, o: o, random: rand.New(rand.NewPCG(o.Seed, 1))}
	d.changed, d.done = sync.NewCond(&d.mu), make(chan struct{})
	go d.execute(rand.New(rand.NewPCG(o.Seed, 2)))
	return d
}

// Name is "queued".
func (d *Device) Name() string { return "queued" }

// Describe names the wrapped device.
func (d *Device) Describe() string { return "queued (" + d.inner.Describe() + ")" }

// Supports, InPlace, Bytes, Scratch and Alias are the wrapped device's.
func (d *Device) Supports(s *device.Step) bool    { return d.inner.Supports(s) }
func (d *Device) InPlace(s *device.Step) [][2]int { return d.inner.InPlace(s) }
func (d *Device) Bytes(t *device.Tensor) int64    { return d.inner.Bytes(t) }
func (d *Device) Scratch(s *device.Step) int64    { return d.inner.Scratch(s) }

// Alias is the wrapped device's.
func (d *Device) Alias(s *device.Step) (offset int64, ok bool) {
	if a, ok := d.inner.(device.Aliaser); ok {
		return a.Alias(s)
	}
	return 0, false
}

// Begin opens a run. Half of the runs are lazy: nothing happens until a caller waits.
func (d *Device) Begin() error {
	if err := d.usable(); err != nil {
		return err
	}
	if d.phase != idle {
		return fmt.Errorf("queued: Begin: %w: a run is open or pending", device.ErrOrder)
	}
	if d.o.FailBegin != nil {
		if err := d.o.FailBegin(); err != nil {
			return err
		}
	}
	d.begin(d.random.IntN(2) == 0)
	return nil
}

// Submit closes the run.
func (d *Device) Submit() error {
	if d.phase != open {
		return fmt.Errorf("queued: Submit: %w: no run is open", device.ErrOrder)
	}
	d.phase = pending
	return nil
}

// Wait returns when the pending run is done.
func (d *Device) Wait() error {
	if d.phase != pending {
		return nil
	}
	d.phase = idle
	return d.drain()
}

// usable is the error of a device that is closed or lost.
func (d *Device) usable() error {
	if d.closed {
		return fmt.Errorf("queued: %w", device.ErrClosed)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lost
}

// Close waits and closes the wrapped device.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	d.drain()
	d.closed = true
	d.stop()
	return d.inner.Close()
}
