package metrics

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrName is wrapped by errors about the name of a metric.
var ErrName = errors.New("bad name of a metric")

// maxName is the most bytes of a metric's name.
const maxName = 100

// own are the names that a run's files and trackers use themselves.
var own = []string{
	"kind", "epoch", "step", "split", "loss", "accuracy", "balanced_accuracy", "top5_accuracy", "time", "lr", "images_per_second", "images",
}

// CheckName is an error if a metric that a hook adds cannot have a name: a letter, then
// letters, digits, _, - and ., 100 at most, and none of the names that a run's files have
// already.
func CheckName(name string) error {
	letter := func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }
	other := func(r rune) bool { return !letter(r) && !('0' <= r && r <= '9') && !strings.ContainsRune("_-.", r) }
	switch {
	case name == "" || !letter(rune(name[0])) || strings.ContainsFunc(name, other):
		return fmt.Errorf("%q: %w: want a letter, then letters, digits or the signs . - _", name[:min(len(name), maxName)], ErrName)
	case len(name) > maxName:
		return fmt.Errorf("%q…: %w: it has %d bytes, want at most %d", name[:20], ErrName, len(name), maxName)
	case slices.Contains(own, name):
		return fmt.Errorf("%q: %w: a run's files use it already", name, ErrName)
	}
	return nil
}

// Criterion is the metric by which one evaluation is better than another.
type Criterion struct {
	Metric string // accuracy, balanced_accuracy, top5_accuracy, loss, or one that a hook adds
	Lower  bool   // values are better
}

// ParseCriterion reads a criterion: accuracy, which "" stands for, balanced_accuracy,
// top5_accuracy, loss, or the name of a metric that a hook adds, of which higher values are
// better, or with min: before the name lower ones.
func ParseCriterion(text string) (Criterion, error) {
	name, lower := strings.CutPrefix(text, "min:")
	switch name {
	case "":
		if lower {
			return Criterion{}, fmt.Errorf("%q: %w: no name follows", text, ErrName)
		}
		return Criterion{Metric: "accuracy"}, nil
	case "accuracy", "balanced_accuracy", "top5_accuracy":
		if lower {
			return Criterion{}, fmt.Errorf("%q: %w: a lower %s is not better", text, ErrName, name)
		}
		return Criterion{Metric: name}, nil
	case "loss":
		return Criterion{Metric: name, Lower: true}, nil
	}
	if err := CheckName(name); err != nil {
		return Criterion{}, err
	}
	return Criterion{name, lower}, nil
}

// String is the criterion as ParseCriterion reads it.
func (c Criterion) String() string {
	if c.Lower && c.Metric != "loss" {
		return "min:" + c.Metric
	}
	return c.Metric
}

// Better reports whether v is strictly better than another value. A value that is not
// finite is never better, and a finite one is better than one that is not.
func (c Criterion) Better(v, than float64) bool {
	if !Finite(v) || !Finite(than) {
		return Finite(v)
	}
	if c.Lower {
		return v < than
	}
	return v > than
}

// Words name the metric in a sentence, such as "test accuracy".
func (c Criterion) Words() string {
	name := c.Metric
	if slices.Contains(own, name) {
		name = strings.ReplaceAll(strings.ReplaceAll(name, "top5", "top-5"), "_", " ")
	}
	return "test " + name
}
