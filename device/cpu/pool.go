package cpu

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// pool runs pieces of work on persistent goroutines. Between begin and end the
// workers spin, so that a step of a few microseconds finds them awake; outside
// they are parked. The caller is worker 0.
type pool struct {
	workers int

	job     atomic.Pointer[job]
	serial  atomic.Uint64 // counts jobs: workers wait for it to change
	active  atomic.Bool   // between begin and end
	closing atomic.Bool

	mu   sync.Mutex
	wake *sync.Cond
}

// job is work divided into pieces, which a kernel runs again and again without allocating.
// Results must not depend on which worker runs a piece.
//
// A job is over when all pieces are done, not when all workers have noticed it. A worker that
// the operating system has suspended meanwhile delays nobody; when it resumes, it finds no
// piece left or helps with the job that is current then.
type job struct {
	pieces int
	do     func(worker, piece int)

	next    atomic.Int64
	done    atomic.Int64
	failure atomic.Pointer[failure]
}

type failure struct{ reason any }

func newPool(workers int) *pool {
	p := &pool{workers: workers}
	p.wake = sync.NewCond(&p.mu)
	for w := 1; w < workers; w++ {
		go p.worker(w)
	}
	return p
}

// begin wakes the workers for a run of many jobs.
func (p *pool) begin() {
	if p.workers == 1 {
		return
	}
	p.mu.Lock()
	p.active.Store(true)
	p.mu.Unlock()
	p.wake.Broadcast()
}

// end lets the workers park.
func (p *pool) end() { p.active.Store(false) }

// close ends the workers.
func (p *pool) close() {
	p.mu.Lock()
	p.closing.Store(true)
	p.mu.Unlock()
	p.wake.Broadcast()
}

// run runs all pieces of a job and returns when the last is done. A panic of a piece is
// raised again on the caller's goroutine.
func (p *pool) run(j *job) {
	if p.workers == 1 || j.pieces == 1 || !p.active.Load() {
		for i := range j.pieces {
			j.do(0, i)
		}
		return
	}
	j.failure.Store(nil)
	j.done.Store(0)
	j.next.Store(0)
	p.job.Store(j)
	p.serial.Add(1)
	j.take(0)
	for spins := 0; j.done.Load() < int64(j.pieces); spins++ {
		if spins > 2000 {
			runtime.Gosched()
		}
	}
	if f := j.failure.Load(); f != nil {
		panic(f.reason)
	}
}

// sequence is a kernel of several jobs, one after the other.
type sequence struct {
	pool *pool
	jobs []*job
}

// Run runs the jobs in order.
func (s *sequence) Run() {
	for _, j := range s.jobs {
		s.pool.run(j)
	}
}

// take runs pieces until none is left.
func (j *job) take(worker int) {
	for j.some(worker) {
	}
}

// some runs pieces until none is left, or until one panics: then it records the reason and
// returns true, since pieces may be left. After a failure pieces are only counted.
func (j *job) some(worker int) (more bool) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); ok {
				r = fmt.Errorf("worker %d: %w", worker, e)
			}
			j.failure.CompareAndSwap(nil, &failure{r})
			j.done.Add(1)
			more = true
		}
	}()
	for {
		i := int(j.next.Add(1)) - 1
		if i >= j.pieces {
			return false
		}
		if j.failure.Load() == nil {
			j.do(worker, i)
		}
		j.done.Add(1)
	}
}

// worker waits for jobs: it spins during a run, and yields when none has come for some
// microseconds, since the garbage collector and the data loader need the processor too.
func (p *pool) worker(w int) {
	seen := uint64(0)
	for {
		p.mu.Lock()
		for !p.active.Load() && !p.closing.Load() {
			p.wake.Wait()
		}
		p.mu.Unlock()
		if p.closing.Load() {
			return
		}
		for spins := 0; p.active.Load() || p.serial.Load() != seen; spins++ {
			if s := p.serial.Load(); s != seen {
				seen = s
				p.job.Load().take(w)
				spins = 0
				continue
			}
			if spins > 2000 {
				runtime.Gosched()
				spins = 1000
			}
		}
	}
}
