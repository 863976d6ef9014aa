package queued

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/device"
)

type phase uint8

const (
	idle phase = iota
	open
	pending
)

// job is a unit of work. Jobs of a failed run are dropped; jobs outside of runs, which have
// run 0, are always done.
type job struct {
	run  int
	step *device.Step
	do   func() error
}

// queue holds the jobs, which the device's goroutine executes in order.
type queue struct {
	phase phase // of the caller's goroutine, as is run
	run   int   // counts runs

	mu      sync.Mutex
	changed *sync.Cond
	jobs    []job
	busy    bool // a job is being executed
	lazy    bool // jobs start only when a caller waits
	waiting int  // number of waiting callers
	stopped bool
	done    chan struct{} // closed when the goroutine has ended
	failed  int           // the run that failed last
	fault   error         // its fault
	lost    error
}

func (q *queue) begin(lazy bool) {
	q.phase = open
	q.run++
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lazy = lazy
}

// put appends a job to the queue: of the open run, if any.
func (q *queue) put(step *device.Step, do func() error) {
	j := job{step: step, do: do}
	if q.phase == open {
		j.run = q.run
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, j)
	q.changed.Broadcast()
}

// drain waits until the queue is empty and returns the fault of the current run.
func (q *queue) drain() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting++
	q.changed.Broadcast()
	for len(q.jobs) > 0 || q.busy {
		q.changed.Wait()
	}
	q.waiting--
	if q.failed == q.run {
		return q.fault
	}
	return nil
}

// stop ends the goroutine.
func (q *queue) stop() {
	q.mu.Lock()
	q.stopped = true
	q.changed.Broadcast()
	q.mu.Unlock()
	<-q.done
}

// next waits for a job; ok is false at the end.
func (q *queue) next() (j job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.stopped && (len(q.jobs) == 0 || q.lazy && q.waiting == 0) {
		q.changed.Wait()
	}
	if q.stopped {
		return job{}, false
	}
	j = q.jobs[0]
	q.jobs = q.jobs[1:]
	q.busy = true
	return j, true
}

// skipped reports whether a job belongs to a failed run.
func (q *queue) skipped(j job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost != nil || j.run > 0 && j.run == q.failed
}

// finished records the end of a job.
func (q *queue) finished(j job, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
	q.changed.Broadcast()
	if err == nil {
		return
	}
	var f *device.Fault
	if !errors.As(err, &f) {
		f = &device.Fault{Step: j.step, Err: err}
	}
	if f.Lost {
		q.lost = fmt.Errorf("queued: %w", f)
	}
	q.failed, q.fault = q.run, f
	if j.run > 0 {
		q.failed = j.run
	}
}

// execute executes jobs after random delays.
func (d *Device) execute(random *rand.Rand) {
	defer close(d.done)
	for {
		j, ok := d.next()
		if !ok {
			return
		}
		if d.o.Delay > 0 && random.IntN(8) == 0 {
			time.Sleep(time.Duration(random.Int64N(int64(d.o.Delay))))
		}
		var err error
		if !d.skipped(j) {
			err = j.do()
		}
		d.finished(j, err)
	}
}
