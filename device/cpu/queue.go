package cpu

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
)

// queue holds a run's kernels until Submit gives them to the goroutine that executes them.
// All methods but execute belong to the caller's goroutine.
type queue struct {
	phase   phase
	entries []entry
	todo    chan []entry // work for execute
	done    chan error   // for each list of todo, the fault or nil
	busy    bool         // the end of execute's current work has not been received yet
	fault   error        // of the run
}

type phase uint8

const (
	idle    phase = iota
	open          // between Begin and Submit
	pending       // between Submit and Wait
	closed
)

// entry is one item of a run: a kernel, a mark of a clock, or a copy.
type entry struct {
	*kernel
	clock    *clock
	mark     int
	dst, src []byte
}

// kernel is a bound step; Run enqueues its work.
type kernel struct {
	queue *queue
	step  *device.Step
	work  device.Kernel
}

// Run appends the kernel to the run.
func (k *kernel) Run() { k.queue.enqueue(entry{kernel: k}) }

func newQueue() queue {
	return queue{todo: make(chan []entry, 1), done: make(chan error, 1)}
}

func (q *queue) enqueue(e entry) {
	if q.phase != open {
		panic(fmt.Errorf("cpu: %w: a kernel runs between Begin and Submit", device.ErrOrder))
	}
	q.entries = append(q.entries, e)
}

// Begin opens a run.
func (q *queue) Begin() error {
	switch q.phase {
	case idle:
		q.phase, q.fault = open, nil
		return nil
	case closed:
		return fmt.Errorf("cpu: Begin: %w", device.ErrClosed)
	}
	return fmt.Errorf("cpu: Begin: %w: a run is open or pending", device.ErrOrder)
}

// Submit starts the kernels of the run.
func (q *queue) Submit() error {
	if q.phase != open {
		return fmt.Errorf("cpu: Submit: %w: no run is open", device.ErrOrder)
	}
	q.phase = pending
	q.hand()
	return nil
}

// Wait returns when the kernels of the pending run are done.
func (q *queue) Wait() error {
	switch q.phase {
	case closed: // Close has waited
		return q.fault
	case pending:
		q.drain()
		q.phase = idle
		return q.fault
	}
	return nil
}

// hand gives the enqueued entries to execute, unless the run has failed already.
func (q *queue) hand() {
	if q.fault == nil && len(q.entries) > 0 {
		q.todo <- q.entries
		q.busy = true
	}
}

// drain waits for execute and keeps the fault, if any, for Wait.
func (q *queue) drain() {
	if q.busy {
		if err := <-q.done; q.fault == nil {
			q.fault = err
		}
		q.busy = false
	}
	if q.phase != open {
		q.entries = q.entries[:0]
	}
}

// flush executes the entries enqueued so far. In an open run it returns the run's fault.
func (q *queue) flush() error {
	switch q.phase {
	case closed:
		return device.ErrClosed
	case open:
		q.hand()
		q.drain()
		q.entries = q.entries[:0]
		return q.fault
	}
	q.drain()
	return nil
}

// copy enqueues a copy in an open run; otherwise it copies at once.
func (q *queue) copy(dst, src []byte) error {
	if q.phase == open {
		q.enqueue(entry{dst: dst, src: src})
		return nil
	}
	if err := q.flush(); err != nil {
		return err
	}
	copy(dst, src)
	return nil
}

// execute executes lists of entries until the queue is closed.
func (q *queue) execute(p *pool) {
	for entries := range q.todo {
		p.begin()
		err := carryOut(entries)
		p.end()
		q.done <- err
	}
}

// carryOut executes the entries in order, up to the first that panics.
func carryOut(entries []entry) (err error) {
	var e *entry
	defer func() {
		if r := recover(); r != nil {
			var step *device.Step
			if e.kernel != nil {
				step = e.kernel.step
			}
			err = device.Caught(step, r)
		}
	}()
	for i := range entries {
		e = &entries[i]
		switch {
		case e.kernel != nil:
			e.kernel.work.Run()
		case e.clock != nil:
			e.clock.take(e.mark)
		default:
			copy(e.dst, e.src)
		}
	}
	return nil
}
