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
	// Params tells the settings of the run, by dotted names.
	Params(params map[string]any) error
	// Metrics tells values of a step, from 1 over the whole run, such as train/loss.
	Metrics(step int, at time.Time, values map[string]float64) error
	// Text tells a named text.
	Text(name, text string) error
	// Image tells a picture of a step, in a file.
	Image(name string, step int, path string) error
	// File tells a file to keep.
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

// Multi calls several trackers, in order. The others are called also where one fails or
// panics; the errors are joined, and a panic is one of them.
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

// NonFinite calls NonFinite of those that have it, as an Outbox has.
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

// Finish calls Finish of each at the same time, so that one which hangs takes no time
// from the others.
func (m Multi) Finish(ctx context.Context, status string) error {
	errs := make([]error, len(m))
	var all sync.WaitGroup
	for i, t := range m {
		all.Go(func() { errs[i], _ = safely(func(t Tracker) error { return t.Finish(ctx, status) }, t) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Point is what a Memory keeps of a call of Metrics.
type Point struct {
	Step   int
	Time   time.Time
	Values map[string]float64
}

// Memory is a Tracker that keeps everything, for tests. The zero value is ready and safe
// for concurrent use; read it through Snapshot.
type Memory struct {
	mu   sync.Mutex
	kept Kept
}

// Kept is what a Memory was told.
type Kept struct {
	Params map[string]any
	Points []Point
	Texts  map[string]string
	Images map[string]string // the last path by name
	Files  map[string]string // the path by name
	Tags   []string
	Status string // of Finish
}

// Snapshot is a copy of what was told so far.
func (m *Memory) Snapshot() Kept {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.kept
	k.Params, k.Texts = maps.Clone(k.Params), maps.Clone(k.Texts)
	k.Images, k.Files = maps.Clone(k.Images), maps.Clone(k.Files)
	k.Points, k.Tags = slices.Clone(k.Points), slices.Clone(k.Tags)
	return k
}

// put adds entries to one of the maps of m, which it makes at first.
func put[V any](m *Memory, to *map[string]V, entries map[string]V) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *to == nil {
		*to = map[string]V{}
	}
	maps.Copy(*to, entries)
	return nil
}

// Params keeps the settings.
func (m *Memory) Params(params map[string]any) error { return put(m, &m.kept.Params, params) }

// Metrics keeps a Point.
func (m *Memory) Metrics(step int, at time.Time, values map[string]float64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.Points = append(m.kept.Points, Point{Step: step, Time: at, Values: maps.Clone(values)})
	return nil
}

// Text keeps a text.
func (m *Memory) Text(name, text string) error {
	return put(m, &m.kept.Texts, map[string]string{name: text})
}

// Image keeps a picture's path.
func (m *Memory) Image(name string, _ int, path string) error {
	return put(m, &m.kept.Images, map[string]string{name: path})
}

// File keeps a file's path.
func (m *Memory) File(name, path string) error {
	return put(m, &m.kept.Files, map[string]string{name: path})
}

// Tags keeps the tags.
func (m *Memory) Tags(tags ...string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.Tags = append(m.kept.Tags, tags...)
	return nil
}

// Finish keeps the status.
func (m *Memory) Finish(_ context.Context, status string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.Status = status
	return nil
}
