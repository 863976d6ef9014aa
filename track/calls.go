package track

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// Params records settings, except those already recorded with the same value.
func (b *Outbox) Params(params map[string]any) error {
	plain := map[string]any{}
	for name, v := range params {
		plain[name] = plainParam(v)
	}
	return b.add(Record{Kind: ParamsRecord, Params: plain})
}

// plainParam converts a value to one that JSON can represent; other types become text.
func plainParam(v any) any {
	switch v := v.(type) {
	case bool, string, int64:
		return v
	case int:
		return int64(v)
	case float64:
		if !metrics.Finite(v) {
			return fmt.Sprint(v)
		}
		return v
	case []string:
		return strings.Join(v, ",")
	}
	return fmt.Sprint(v)
}

// Metrics records the values of a step. A value that is not finite is dropped and
// counted; a value of a step that its name already has is ignored.
func (b *Outbox) Metrics(step int, at time.Time, values map[string]float64) error {
	finite := map[string]float64{}
	for name, v := range values {
		if metrics.Finite(v) {
			finite[name] = v
		}
	}
	b.NonFinite(len(values) - len(finite))
	return b.add(Record{Kind: MetricsRecord, Step: step, Time: at, Values: finite})
}

// NonFinite adds n to the count of dropped values, for values that the caller dropped.
func (b *Outbox) NonFinite(n int) {
	b.mu.Lock()
	b.sum.NonFinite += n
	b.mu.Unlock()
}

// Text records a text.
func (b *Outbox) Text(name, text string) error {
	return b.add(Record{Kind: TextRecord, Name: name, Text: text})
}

// Image records a picture. Its file is read when it is sent.
func (b *Outbox) Image(name string, step int, path string) error {
	return b.add(Record{Kind: ImageRecord, Name: name, Step: step, Path: b.relative(path)})
}

// File records a file. It is read when it is sent.
func (b *Outbox) File(name, path string) error {
	return b.add(Record{Kind: FileRecord, Name: name, Path: b.relative(path)})
}

// Tags records tags.
func (b *Outbox) Tags(tags ...string) error {
	return b.add(Record{Kind: TagsRecord, Tags: slices.Clone(tags)})
}

// relative makes a path relative to the run's folder, so that the folder can be moved.
func (b *Outbox) relative(path string) string {
	if rel, err := filepath.Rel(b.o.Dir, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Replay records the lines of a run's metrics, except those that the outbox already has.
// Unlike the other calls it waits until they are written to the disk.
func (b *Outbox) Replay(lines []run.Line) error {
	for i, l := range lines {
		b.NonFinite(l.NonFinite())
		if err := b.add(Record{Kind: MetricsRecord, Step: l.Step, Time: l.Time, Values: l.Values()}); err != nil {
			return err
		}
		if i%1024 == 1023 || i == len(lines)-1 {
			if err := b.store(); err != nil {
				return err
			}
		}
	}
	return nil
}
