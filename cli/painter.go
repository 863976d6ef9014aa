package cli

import (
	"fmt"
	"sync"
	"time"
)

// painter draws pictures in its own goroutine, so that they do not slow down training: one at
// a time, for at most about a tenth of the time, and only the newest of waiting pictures with
// the same name. Errors are reported to warn and stop nothing.
type painter struct {
	warn func(picture string, err error)

	mu      sync.Mutex
	names   []string // in order of waiting
	jobs    map[string]func() error
	wake    chan struct{}
	end     sync.Once
	closing chan struct{}
	done    chan struct{}
}

// restFactor is the painter's pause after a picture, as a multiple of its drawing time.
const restFactor = 9

func newPainter(warn func(picture string, err error)) *painter {
	p := &painter{
		warn: warn, jobs: map[string]func() error{},
		wake: make(chan struct{}, 1), closing: make(chan struct{}), done: make(chan struct{}),
	}
	go p.work()
	return p
}

// draw queues a job that draws the picture of a name; it returns at once.
func (p *painter) draw(name string, job func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.jobs[name] == nil {
		p.names = append(p.names, name)
	}
	p.jobs[name] = job
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// close draws the waiting pictures without pauses and returns when they are done. It may be
// called again.
func (p *painter) close() {
	p.end.Do(func() { close(p.closing) })
	<-p.done
}

func (p *painter) work() {
	defer close(p.done)
	for {
		name, job := p.next()
		if job != nil {
			began := time.Now()
			if err := try(job); err != nil {
				p.warn(name, err)
			}
			select {
			case <-time.After(restFactor * time.Since(began)):
			case <-p.closing:
			}
			continue
		}
		select {
		case <-p.wake:
		case <-p.closing:
			if p.empty() {
				return
			}
		}
	}
}

func (p *painter) next() (string, func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.names) == 0 {
		return "", nil
	}
	name := p.names[0]
	p.names = p.names[1:]
	job := p.jobs[name]
	delete(p.jobs, name)
	return name, job
}

func (p *painter) empty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.names) == 0
}

// try runs a job and turns a panic into an error.
func try(job func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return job()
}
