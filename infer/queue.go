package infer

import (
	"fmt"
	"slices"
	"sync"
)

// queue holds the images of all calls in order of arrival. One goroutine, which runs only
// while there is work, takes waiting images together as a batch.
type queue struct {
	mu      sync.Mutex
	waiting []job
	working chan struct{} // closed when the goroutine ends; nil: no goroutine
	closed  bool
}

// job is an image that waits, or a function that needs the network for itself.
type job struct {
	index  int // in its call
	pixels []float32
	alone  func() error
	done   chan<- outcome // of its call; has room for all jobs of the call
}

// outcome is the result of a job.
type outcome struct {
	index  int
	logits []float64
	err    error
}

// isOpen returns ErrClosed after Close.
func (q *queue) isOpen() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	return nil
}

// put adds jobs, and starts the goroutine if it does not run.
func (q *queue) put(batch int, serve func([]job), jobs ...job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	q.waiting = append(q.waiting, jobs...)
	if q.working == nil {
		q.working = make(chan struct{})
		go q.work(batch, serve)
	}
	return nil
}

// drop removes the waiting jobs of a call from the queue.
func (q *queue) drop(call chan outcome) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(j job) bool { return j.done == call })
}

// work serves jobs until none is left.
func (q *queue) work(batch int, serve func([]job)) {
	for jobs := q.next(batch); jobs != nil; jobs = q.next(batch) {
		serve(jobs)
	}
}

// next removes the next jobs to be served together from the queue; nil: none waits, and
// the goroutine ends.
func (q *queue) next(batch int) []job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		close(q.working)
		q.working, q.waiting = nil, nil
		return nil
	}
	n := 1
	if q.waiting[0].alone == nil {
		for n < min(batch, len(q.waiting)) && q.waiting[n].alone == nil {
			n++
		}
		n, _ = programFor(n, batch)
	}
	jobs := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return jobs
}

// close ends the queue: waiting jobs get ErrClosed, running ones are completed first.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	left, working := q.waiting, q.working
	q.waiting = nil
	q.mu.Unlock()
	for _, j := range left {
		j.done <- outcome{index: j.index, err: ErrClosed}
	}
	if working != nil {
		<-working
	}
}

// programFor chooses how many of n images are classified together, and the batch size of
// the program: a power of two or the full batch, padded only if at least three quarters of
// it are images. So few programs serve any number of images, with little padding.
func programFor(n, batch int) (images, size int) {
	if n >= batch {
		return batch, batch
	}
	power := 1
	for 2*power <= n {
		power *= 2
	}
	if up := min(2*power, batch); n > power && 4*n >= 3*up {
		return n, up
	}
	return power, power
}

// safely runs f; a panic becomes an error.
func safely(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}
