package engine

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/device"
)

// pending maps each device that has a pending run to the run's program, from Start until the
// run has been waited for.
var pending struct {
	sync.Mutex
	on map[device.Device]*Program
}

// isPending reports whether a device is busy with a run.
func isPending(dev device.Device) bool {
	pending.Lock()
	defer pending.Unlock()
	return pending.on[dev] != nil
}

func setPending(dev device.Device, p *Program) {
	pending.Lock()
	defer pending.Unlock()
	if p == nil {
		delete(pending.on, dev)
		return
	}
	if pending.on == nil {
		pending.on = map[device.Device]*Program{}
	}
	pending.on[dev] = p
}

// settle waits for the device's pending run, if any; the run's program keeps its error for Wait.
func settle(dev device.Device) {
	pending.Lock()
	p := pending.on[dev]
	pending.Unlock()
	if p != nil {
		p.unseen = p.finish(dev.Wait()) != nil
	}
}

// Run runs the program once: Start, then Wait.
func (p *Program) Run() error {
	if err := p.Start(); err != nil {
		return err
	}
	return p.Wait()
}

// Start begins a run of the steps with the inputs' present values and returns while the
// device works, so that the next run's inputs can be bound meanwhile. It waits first for an
// earlier run on the device. An error of that run is returned by its own Wait or, if that was
// not called, by the next Start of its program; Start fails (ErrBroken) if the run left a slot
// that this program reads undefined. After an error nothing is pending.
//
// A foreign operator waits for the steps before it, and Start with it. With
// Spec.Synchronous, Start waits for every step.
func (p *Program) Start() error {
	if p.closed || p.state.closed {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, ErrClosed)
	}
	settle(p.dev)
	if p.unseen {
		return p.Wait()
	}
	if name, found := p.inputs.unbound(); found {
		return fmt.Errorf("engine: %s: %w: input %s has no value", p.spec.Name, ErrValue, name)
	}
	if err := p.usable(); err != nil {
		return err
	}
	if err := p.prepare(); err != nil {
		return err
	}
	p.ran, p.result = false, nil
	p.watch.started = time.Now()
	if p.synchronous() {
		return p.runSlowly()
	}
	if err := p.dev.Begin(); err != nil {
		return p.failed(err)
	}
	for _, s := range p.updated {
		s.version++
	}
	if err := p.enqueue(); err != nil {
		return p.finish(p.ended(err))
	}
	if err := p.dev.Submit(); err != nil {
		return p.finish(err)
	}
	setPending(p.dev, p)
	return nil
}

// Wait returns when the run of the last Start is done, with its error. A second call returns
// the same error. Before the first Start it returns nil. The error of a step that failed is a
// *device.Fault, which names the step if the device can: see Spec.Synchronous.
func (p *Program) Wait() error {
	settle(p.dev)
	p.unseen = false
	return p.result
}

// prepare binds the kernels to the present memory and copies the inputs to their places.
func (p *Program) prepare() error {
	if err := p.state.work.reserve(p.plan.arena, p.plan.scratch); err != nil {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, err)
	}
	if p.generation != p.state.work.generation {
		if err := p.bind(); err != nil {
			return err
		}
	}
	if p.spec.Poison {
		if err := p.poison(); err != nil {
			return err
		}
	}
	if err := p.inputs.flush(); err != nil {
		return fmt.Errorf("engine: %s: %w: %w", p.spec.Name, ErrRun, err)
	}
	return nil
}

// enqueue gives the device the kernels, and the copy of the small outputs.
func (p *Program) enqueue() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = device.Caught(p.step(p.enqueued), r)
		}
	}()
	p.watch.mark(0)
	switch c := p.clock(); {
	case c != nil:
		c.Mark(0)
		for i, k := range p.kernels {
			p.enqueued = i
			k.Run()
			c.Mark(i + 1)
		}
	case p.recording != nil:
		p.recording.Run()
	default:
		for i, k := range p.kernels {
			p.enqueued = i
			k.Run()
		}
	}
	p.watch.mark(1)
	return p.outputs.fetch(p.dev)
}

// finish records the result of a finished run.
func (p *Program) finish(err error) error {
	setPending(p.dev, nil)
	if err != nil {
		p.spoil(err)
		return p.failed(err)
	}
	p.ran = true
	p.mend()
	p.measure()
	p.watch.stop(!p.synchronous())
	return nil
}

// failed records an error as the result of the run.
func (p *Program) failed(err error) error {
	p.result = fmt.Errorf("engine: %s: %w: %w", p.spec.Name, ErrRun, err)
	return p.result
}

// step is the step of a kernel, or nil for the copies into slots at the end.
func (p *Program) step(kernel int) *device.Step {
	if kernel < len(p.steps) {
		return p.steps[kernel]
	}
	return nil
}

// SynchronousEnv is the environment variable that makes every program synchronous: "1".
const SynchronousEnv = "EURYALE_SYNC"

var synchronousEnv = os.Getenv(SynchronousEnv) == "1"

// synchronous reports whether the device is waited for after each kernel.
func (p *Program) synchronous() bool {
	return p.spec.Synchronous || synchronousEnv || p.profile != nil && p.profile.clock == nil
}

// runSlowly runs the kernels one by one and waits for each, so that a fault is that kernel's.
func (p *Program) runSlowly() error {
	for _, s := range p.updated {
		s.version++
	}
	for i, k := range p.kernels {
		if err := p.runAlone(i, k); err != nil {
			return p.finish(err)
		}
	}
	return p.finish(p.alone(func() error { return p.outputs.fetch(p.dev) }))
}

// runAlone runs one kernel, names it in its error, and times it.
func (p *Program) runAlone(i int, k device.Kernel) (err error) {
	start := time.Now()
	err = p.alone(func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = device.Caught(p.step(i), r)
			}
		}()
		k.Run()
		return nil
	})
	p.profile.add(i, start)
	var f *device.Fault
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &f):
		return &device.Fault{Step: p.step(i), Err: err}
	case f.Step != p.step(i):
		return &device.Fault{Step: p.step(i), Lost: f.Lost, Err: f.Err}
	}
	return err
}

// alone runs the work that enqueue gives to the device, and waits for it.
func (p *Program) alone(enqueue func() error) error {
	if err := p.dev.Begin(); err != nil {
		return err
	}
	return p.ended(enqueue())
}

// ended submits the open run and waits for it. err is the error of enqueueing, or nil; a
// fault of the work enqueued before is returned first.
func (p *Program) ended(err error) error {
	fault := p.dev.Submit()
	if fault == nil {
		fault = p.dev.Wait()
	}
	if fault == nil || errors.Is(err, fault) {
		return err
	}
	if err == nil {
		return fault
	}
	return errors.Join(fault, err)
}
