package track

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// GuardOptions limit the queue of a Guard and how long it waits.
type GuardOptions struct {
	// Queue is the number of calls that may wait; more are dropped and counted.
	// 0 means 16384.
	Queue int
	// Timeout is how long Finish waits for queued calls. 0 means 30 seconds.
	Timeout time.Duration
}

// Guard wraps a Tracker so that it can neither stop nor slow a run. Every call returns
// nil at once; a goroutine makes the real calls, one at a time and in order, and counts
// their errors and panics. Only Finish waits, at most Timeout. A call that never returns
// blocks only that goroutine. A Guard is safe for concurrent use.
type Guard struct {
	name    string
	tracker Tracker
	limit   int
	timeout time.Duration

	mu       sync.Mutex
	queue    []func(Tracker) error
	sum      Summary
	finish   func(Tracker) error // set once Finish was called
	gaveUp   bool                // Finish timed out
	began    time.Time           // start of the current call; zero: none
	wake     chan struct{}       // of size 1: wakes the goroutine
	finished chan struct{}       // closed by the goroutine at its end
}

// Summary counts the calls of a guarded tracker and their errors.
type Summary struct {
	Name       string
	Sent       int   // calls without an error, Finish included
	Failed     int   // calls that returned an error
	Panics     int   // calls that panicked
	Dropped    int   // calls that found the queue full, or came after Finish
	Unsent     int   // calls that still waited when Finish gave up
	Finished   bool  // Finish was called, with or without an error
	FirstError error // the first of Failed and Panics, or that a call did not return in time
}

// OK reports whether all calls succeeded.
func (s Summary) OK() bool { return s.Finished && s.Failed+s.Panics+s.Dropped+s.Unsent == 0 }

// String returns a readable line.
func (s Summary) String() string {
	parts := []string{fmt.Sprintf("%s: %d sent", s.Name, s.Sent)}
	for _, p := range []struct {
		n    int
		what string
	}{{s.Failed, "failed"}, {s.Panics, "panicked"}, {s.Dropped, "dropped"}, {s.Unsent, "not sent in time"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if !s.Finished {
		parts = append(parts, "not finished")
	}
	if s.FirstError != nil {
		parts = append(parts, fmt.Sprintf("first error: %v", s.FirstError))
	}
	return strings.Join(parts, ", ")
}

// NewGuard wraps t and starts its goroutine, which ends after Finish. name is t's name in
// the Summary.
func NewGuard(name string, t Tracker, o GuardOptions) *Guard {
	g := &Guard{
		name: name, tracker: t, limit: o.Queue, timeout: o.Timeout, sum: Summary{Name: name},
		wake: make(chan struct{}, 1), finished: make(chan struct{}),
	}
	if g.limit <= 0 {
		g.limit = 16384
	}
	if g.timeout <= 0 {
		g.timeout = 30 * time.Second
	}
	go g.run()
	return g
}

// run makes the queued calls, then Finish.
func (g *Guard) run() {
	defer close(g.finished)
	for {
		call, last := g.next()
		if call == nil && last {
			return
		}
		if call == nil {
			<-g.wake
			continue
		}
		g.begin(time.Now())
		err, panicked := safely(call, g.tracker)
		g.begin(time.Time{})
		g.count(err, panicked, last)
		if last {
			return
		}
	}
}

// begin records that a call begins or, with the zero time, that it has ended.
func (g *Guard) begin(at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.began = at
}

// next returns the next call, nil if there is none now; last reports whether it is the
// last one.
func (g *Guard) next() (call func(Tracker) error, last bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.gaveUp:
		return nil, true
	case len(g.queue) > 0:
		call = g.queue[0]
		g.queue[0] = nil
		g.queue = g.queue[1:]
		return call, false
	}
	return g.finish, g.finish != nil
}

func (g *Guard) count(err error, panicked, last bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case panicked:
		g.sum.Panics++
	case err != nil:
		g.sum.Failed++
	default:
		g.sum.Sent++
	}
	if err != nil && g.sum.FirstError == nil {
		g.sum.FirstError = err
	}
	g.sum.Finished = g.sum.Finished || last
}

// safely makes a call and turns a panic into an error.
func safely(call func(Tracker) error, t Tracker) (err error, panicked bool) {
	defer func() {
		if r := recover(); r != nil {
			err, panicked = fmt.Errorf("panic: %v", r), true
		}
	}()
	return call(t), false
}

// add queues a call, or drops it.
func (g *Guard) add(call func(Tracker) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.finish != nil || len(g.queue) >= g.limit {
		g.sum.Dropped++
		return nil
	}
	g.queue = append(g.queue, call)
	g.rouse()
	return nil
}

// rouse wakes the goroutine.
func (g *Guard) rouse() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Params queues the call, with a copy of the map.
func (g *Guard) Params(params map[string]any) error {
	params = maps.Clone(params)
	return g.add(func(t Tracker) error { return t.Params(params) })
}

// Metrics queues the call, with a copy of the map.
func (g *Guard) Metrics(step int, at time.Time, values map[string]float64) error {
	values = maps.Clone(values)
	return g.add(func(t Tracker) error { return t.Metrics(step, at, values) })
}

// Text queues the call.
func (g *Guard) Text(name, text string) error {
	return g.add(func(t Tracker) error { return t.Text(name, text) })
}

// Image queues the call; the file is read later.
func (g *Guard) Image(name string, step int, path string) error {
	return g.add(func(t Tracker) error { return t.Image(name, step, path) })
}

// File queues the call; the file is read later.
func (g *Guard) File(name, path string) error {
	return g.add(func(t Tracker) error { return t.File(name, path) })
}

// Tags queues the call.
func (g *Guard) Tags(tags ...string) error {
	tags = slices.Clone(tags)
	return g.add(func(t Tracker) error { return t.Tags(tags...) })
}

// Finish makes the queued calls and then the tracker's Finish. It returns nil when that is
// done, when ctx is done or after the Timeout, whichever comes first; Summary has the
// results. Later calls are dropped; a second Finish only waits.
func (g *Guard) Finish(ctx context.Context, status string) error {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	g.mu.Lock()
	if g.finish == nil {
		g.finish = func(t Tracker) error { return t.Finish(ctx, status) }
	}
	g.rouse()
	g.mu.Unlock()
	select {
	case <-g.finished:
	case <-ctx.Done():
		g.giveUp()
	}
	return nil
}

// giveUp drops the queued calls.
func (g *Guard) giveUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gaveUp = true
	if !g.began.IsZero() && g.sum.FirstError == nil {
		g.sum.FirstError = fmt.Errorf("a call has not returned after %v", since(g.began))
	}
	g.sum.Unsent += len(g.queue)
	g.queue = nil
	g.rouse()
}

// Summary returns the counts so far.
func (g *Guard) Summary() Summary {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sum
}
