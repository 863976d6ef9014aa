package queued

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/euryale-ml/euryale/device"
)

// kernel is a step bound to memory of the wrapped device.
type kernel struct {
	d       *Device
	step    *device.Step
	inner   device.Kernel
	in, out []device.Memory // the wrapped device's
	scratch device.Memory
}

// Bind waits for pending work and binds the wrapped device's kernel.
func (d *Device) Bind(s *device.Step, in, out []device.Memory, scratch device.Memory) (device.Kernel, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	d.drain()
	k := &kernel{d: d, step: s, in: bare(in...), out: bare(out...), scratch: bare(scratch)[0]}
	var err error
	if k.inner, err = d.inner.Bind(s, k.in, k.out, k.scratch); err != nil {
		return nil, err
	}
	return k, nil
}

// Run enqueues the kernel, or adds it to a recording.
func (k *kernel) Run() { k.d.enqueue(k.step, k.work) }

func (d *Device) enqueue(step *device.Step, do func() error) {
	switch {
	case d.recording != nil:
		d.recording.jobs = append(d.recording.jobs, job{step: step, do: do})
	case d.phase == open:
		d.put(step, do)
	default:
		panic(fmt.Errorf("queued: %w: a kernel runs between Begin and Submit", device.ErrOrder))
	}
}

// work fills the outputs and the scratch memory with NaN, runs the kernel and waits for it.
func (k *kernel) work() error {
	if k.d.o.Fault != nil {
		if err := k.d.o.Fault(k.step); err != nil {
			return errors.Join(k.poisonOutputs(true), fault(k.step, err))
		}
	}
	if err := errors.Join(k.poisonOutputs(false), k.poisonScratch()); err != nil {
		return err
	}
	return k.d.alone(func() error { k.inner.Run(); return nil })
}

// fault is an error as a *device.Fault of a step.
func fault(s *device.Step, err error) error {
	var f *device.Fault
	if errors.As(err, &f) {
		return &device.Fault{Step: s, Lost: f.Lost, Err: f.Err}
	}
	return &device.Fault{Step: s, Err: err}
}

// poisonOutputs fills the outputs with NaN: all, or only those that are not also inputs, which
// the step has to write completely.
func (k *kernel) poisonOutputs(all bool) error {
	for i, t := range k.step.Out {
		if !all && (k.step.Accumulate || slices.Contains(k.in, k.out[i])) {
			continue
		}
		if err := k.d.poison(k.out[i], k.d.inner.Bytes(t)); err != nil {
			return err
		}
	}
	return nil
}

func (k *kernel) poisonScratch() error {
	if k.scratch.Buffer == nil {
		return nil
	}
	return k.d.poison(k.scratch, k.d.inner.Scratch(k.step))
}

// alone calls a function in its own run on the wrapped device.
func (d *Device) alone(enqueue func() error) error {
	if err := d.inner.Begin(); err != nil {
		return err
	}
	return errors.Join(enqueue(), d.inner.Submit(), d.inner.Wait())
}

// recording is a sequence of jobs.
type recording struct {
	d    *Device
	jobs []job
}

// Record records the jobs that the function enqueues.
func (d *Device) Record(enqueue func()) (device.Recording, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	if d.phase != idle || d.recording != nil {
		return nil, fmt.Errorf("queued: Record: %w: a run is open or pending", device.ErrOrder)
	}
	r := &recording{d: d}
	d.recording = r
	defer func() { d.recording = nil }()
	enqueue()
	return r, nil
}

// Run enqueues the sequence.
func (r *recording) Run() {
	for _, j := range r.jobs {
		r.d.enqueue(j.step, j.do)
	}
}

// Free discards the sequence.
func (r *recording) Free() error {
	r.d.drain()
	r.jobs = nil
	return nil
}

// clock sets its marks as jobs in the queue.
type clock struct {
	d  *Device
	at []time.Time
}

// NewClock makes a clock with n marks.
func (d *Device) NewClock(n int) (device.Clock, error) { return &clock{d, make([]time.Time, n)}, nil }

func (c *clock) Mark(i int) {
	c.d.enqueue(nil, func() error {
		c.at[i] = time.Now()
		return nil
	})
}

func (c *clock) Between(i, j int) time.Duration { return c.at[j].Sub(c.at[i]) }

func (c *clock) Free() error { return nil }
