package cpu

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
)

// queue holds a run's kernels until Submit hands them to the goroutine that carries them
// out. All but execute belongs to the caller's goroutine.
type queue struct {
	phase   phase
	entries []entry
	todo    chan []entry // what execute does next
	done    chan error   // one for each of todo: the fault, or nil
	busy    bool         // execute has work whose end has not been received
	fault   error        // of the run
}

type phase uint8

const (
	idle    phase = iota
	open          // between Begin and Submit
	pending       // between Submit and Wait
	closed
)

// entry is one piece of a run: a kernel, or a mark of a clock, or a copy.
type entry struct {
	*kernel
	clock    *clock
	mark     int
	dst, src []byte
}

// kernel enqueues a step's work.
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

// Submit lets the kernels of the run begin.
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
	case closed: // which waited
		return q.fault
	case pending:
		q.drain()
		q.phase = idle
		return q.fault
	}
	return nil
}

// hand gives execute what has been enqueued, unless the run has failed already.
func (q *queue) hand() {
	if q.fault == nil && len(q.entries) > 0 {
		q.todo <- q.entries
		q.busy = true
	}
}

// drain waits for execute. The fault, if there is one, is kept for Wait.
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

// flush carries out what has been enqueued so far. In an open run it returns its fault.
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

// copy copies when the run comes to it, or at once outside an open run.
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

// execute carries out what it is handed until the queue is closed.
func (q *queue) execute(p *pool) {
	for entries := range q.todo {
		p.begin()
		err := carryOut(entries)
		p.end()
		q.done <- err
	}
}

// carryOut does the entries in order, up to the first that panics.
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
