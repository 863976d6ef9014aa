package track

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Tracker is a service that shows runs. Wrap one on a network in a Guard.
type Tracker interface {
	// Params records the settings of the run, by dotted names.
	Params(params map[string]any) error
	// Metrics records values of a step, such as train/loss. Steps count from 1 over the
	// complete run.
	Metrics(step int, at time.Time, values map[string]float64) error
	// Text records a named text.
	Text(name, text string) error
	// Image records a picture of a step, given by its file.
	Image(name string, step int, path string) error
	// File records a file.
	File(name, path string) error
	// Tags adds tags.
	Tags(tags ...string) error
	// Finish ends the run with a status: finished, interrupted or failed.
	Finish(ctx context.Context, status string) error
}

var (
	_ Tracker = Multi(nil)
	_ Tracker = (*Guard)(nil)
	_ Tracker = (*Memory)(nil)
)

// Multi calls several trackers, in order. If one fails or panics, the others are called all
// the same; the errors are joined, and a panic becomes an error.
type Multi []Tracker

func (m Multi) each(call func(Tracker) error) error {
	var errs []error
	for _, t := range m {
		err, _ := safely(call, t)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Params calls Params of each.
func (m Multi) Params(params map[string]any) error {
	return m.each(func(t Tracker) error { return t.Params(params) })
}

// Metrics calls Metrics of each.
func (m Multi) Metrics(step int, at time.Time, values map[string]float64) error {
	return m.each(func(t Tracker) error { return t.Metrics(step, at, values) })
}

// NonFinite calls NonFinite of the trackers with that method, such as an Outbox.
func (m Multi) NonFinite(n int) {
	m.each(func(t Tracker) error {
		if counter, ok := t.(interface{ NonFinite(n int) }); ok {
			counter.NonFinite(n)
		}
		return nil
	})
}

// Text calls Text of each.
func (m Multi) Text(name, text string) error {
	return m.each(func(t Tracker) error { return t.Text(name, text) })
}

// Image calls Image of each.
func (m Multi) Image(name string, step int, path string) error {
	return m.each(func(t Tracker) error { return t.Image(name, step, path) })
}

// File calls File of each.
func (m Multi) File(name, path string) error {
	return m.each(func(t Tracker) error { return t.File(name, path) })
}

// Tags calls Tags of each.
func (m Multi) Tags(tags ...string) error {
	return m.each(func(t Tracker) error { return t.Tags(tags...) })
}

// Finish calls Finish of each at the same time, so that a slow one does not delay the
// others.
func (m Multi) Finish(ctx context.Context, status string) error {
	errs := make([]error, len(m))
	var all sync.WaitGroup
	for i, t := range m {
		all.Go(func() { errs[i], _ = safely(func(t Tracker) error { return t.Finish(ctx, status) }, t) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Point is a call of Metrics recorded by a Memory.
type Point struct {
	Step   int
	Time   time.Time
	Values map[string]float64
}

// Memory is a Tracker that records all calls in memory, for tests. The zero value is ready
// to use and safe for concurrent use; read it with Snapshot.
type Memory struct {
	mu   sync.Mutex
	kept Kept
}

// Kept is the calls that a Memory has recorded.
type Kept struct {
	Params map[string]any
	Points []Point
	Texts  map[string]string
	Images map[string]string // the last path by name
	Files  map[string]string // the path by name
	Tags   []string
	Status string // of Finish
}

// Snapshot returns a copy of the calls recorded so far.
func (m *Memory) Snapshot() Kept {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.kept
	k.Params, k.Texts = maps.Clone(k.Params), maps.Clone(k.Texts)
	k.Images, k.Files = maps.Clone(k.Images), maps.Clone(k.Files)
	k.Points, k.Tags = slices.Clone(k.Points), slices.Clone(k.Tags)
	return k
}

// put adds entries to one of the maps of m, and creates the map if it is nil.
func put[V any](m *Memory, to *map[string]V, entries map[string]V) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *to == nil {
		*to = map[string]V{}
	}
	maps.Copy(*to, entries)
	return nil
}

// Params records the settings.
func (m *Memory) Params(params map[string]any) error { return put(m, &m.kept.Params, params) }

// Metrics records a Point.
func (m *Memory) Metrics(step int, at time.Time, values map[string]float64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.Points = append(m.kept.Points, Point{Step: step, Time: at, Values: maps.Clone(values)})
	return nil
}

// Text records a text.
func (m *Memory) Text(name, text string) error {
	return put(m, &m.kept.Texts, map[string]string{name: text})
}

// Image records a picture's path.
func (m *Memory) Image(name string, _ int, path string) error {
	return put(m, &m.kept.Images, map[string]string{name: path})
}

// File records a file's path.
func (m *Memory) File(name, path string) error {
	return put(m, &m.kept.Files, map[string]string{name: path})
}

// Tags records the tags.
func (m *Memory) Tags(tags ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.Tags = append(m.kept.Tags, tags...)
	return nil
}

// Finish records the status.
func (m *Memory) Finish(_ context.Context, status string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.Status = status
	return nil
}
