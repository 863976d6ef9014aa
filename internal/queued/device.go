// Package queued is a device for tests. It wraps another one and does what that one does,
// but as a device that is far away might: kernels, copies and uploads wait in a queue,
// begin when it likes, late or only when somebody waits for them, and memory that must not
// matter is filled with NaN. It offers every capability of package device but Unifier, and
// fails on demand. What works on it relies on nothing but the contract of device.Device.
package queued

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/device"
)

// Options say how the device behaves. The zero value takes its time at random, and does not
// fail.
type Options struct {
	// Seed is of the delays.
	Seed uint64
	// Delay is the longest time that the device waits before a piece of work, at random;
	// 0: none.
	Delay time.Duration
	// Memory is how many bytes NewBuffer gives in all; 0: as many as the wrapped device.
	Memory int64
	// Fault, if there, is asked when the turn of a kernel comes; an error makes it fail
	// instead of run. A *device.Fault with Lost ends the device.
	Fault func(s *device.Step) error
	// FailBegin, if there, is asked by Begin.
	FailBegin func() error
}

// Device is the wrapper.
type Device struct {
	inner device.Device
	o     Options
	queue
	random    *rand.Rand // of the caller's goroutine
	recording *recording // that Record fills
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

// New wraps a device, which Close closes. Nothing else may use it.
func New(inner device.Device, o Options) *Device {
	d := &Device{inner: inner, o: o, random: rand.New(rand.NewPCG(o.Seed, 1))}
	d.changed, d.gone = sync.NewCond(&d.mu), make(chan struct{})
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

// Begin opens a run. Half of the runs are lazy: nothing happens until somebody waits.
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
