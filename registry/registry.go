// Package registry holds the lists of entries that a configuration chooses by name, such as
// the optimizers behind optim.name: one List for each key, made and filled by the package
// that owns the entries. The configuration, its help, the errors and the commands read these
// lists, so that all of them know the entries that a user's program registers.
//
// A program registers with optim.Register, schedule.Register, models.Register,
// dataset.Register, device.Register and track.Register; the options of this package describe
// the new entry.
package registry

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/euryale-ml/euryale/internal/tags"
)

// ErrRegister is wrapped by the errors of Register: a bad or taken name, or bad settings.
var ErrRegister = errors.New("cannot register")

// Entry describes a registered optimizer, schedule, model, data set, device or tracker.
type Entry struct {
	Name  string
	About string // a phrase that describes it; may be ""
	// Reads are the shared keys of its section that it uses, by their last words, such as
	// "momentum" of optim.momentum; nil: unknown, possibly all.
	Reads []string
	// Details are further lines, such as the source of a model's weights.
	Details []Line
	// Settings is a struct with the defaults of this entry's own settings; nil: none.
	// They are keys of a section under its name, such as optim.lion.betas.
	Settings any
}

// Line is a text with a label before it.
type Line struct{ Label, Text string }

// Detail is the text of the line with a label, or "".
func (e Entry) Detail(label string) string {
	for _, l := range e.Details {
		if l.Label == label {
			return l.Text
		}
	}
	return ""
}

// Option adds to the description of an entry.
type Option func(*Entry)

// About describes the entry in a phrase: "PyTorch's SGD with momentum".
func About(text string) Option { return func(e *Entry) { e.About = text } }

// Detail adds a line to the description that the commands print.
func Detail(label, text string) Option {
	return func(e *Entry) { e.Details = append(e.Details, Line{label, text}) }
}

// Reads names the shared keys of the section that the entry uses, by their last words:
// Reads("momentum", "weight_decay") of an optimizer; Reads() is none. A user who sets
// another shared key gets a note that it has no effect. Without this option there are no
// such notes.
func Reads(keys ...string) Option {
	return func(e *Entry) { e.Reads = append([]string{}, keys...) }
}

// Settings gives the entry its own settings: the fields of the struct defaults, which holds
// their default values, become keys of a section under its name, such as optim.lion.betas.
// The tags of a field are yaml, its key; help, its meaning (required); range, such as
// "[0,1)"; oneof, its words with commas; resume:"free" if it may change when a run is
// resumed; order:"any" if the second of two numbers may be the lower one. Its type is bool,
// int, uint64, float64, string, []string or an array of float64. Fields without the tag
// yaml are not settings. If the struct has a method Validate() error, it is called when
// a configuration is checked; its error should name the key, such as optim.lion.betas.
func Settings(defaults any) Option { return func(e *Entry) { e.Settings = defaults } }

// Table is the part of a List that configurations, help texts and commands read.
type Table struct {
	key, noun string
	extra     []string
	forms     func(name string) []string // words for one name; nil: only the name
	anyName   bool                       // names may have other characters than a-z, 0-9, "_", "-" and "."
	mu        sync.RWMutex
	entries   []Entry // by name
}

var (
	tables     sync.Map // of *Table, by key
	generation atomic.Int64
)

// For is the Table of a key such as optim.name; nil if no package of this program makes one.
func For(key string) *Table {
	t, _ := tables.Load(key)
	table, _ := t.(*Table)
	return table
}

// Tables lists all Tables in order of their keys.
func Tables() (list []*Table) {
	tables.Range(func(_, t any) bool {
		list = append(list, t.(*Table))
		return true
	})
	slices.SortFunc(list, func(a, b *Table) int { return strings.Compare(a.key, b.key) })
	return list
}

// Generation is a counter that grows with every registration.
func Generation() int64 { return generation.Load() }

// Key is the key that chooses from the table.
func (t *Table) Key() string { return t.key }

// Noun is the kind of the table's entries: "optimizer".
func (t *Table) Noun() string { return t.noun }

// Entries lists the registered entries in order of their names.
func (t *Table) Entries() []Entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.entries)
}

// Entry is the entry of a name.
func (t *Table) Entry(name string) (e Entry, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	i, ok := slices.BinarySearchFunc(t.entries, name, func(e Entry, name string) int { return strings.Compare(e.Name, name) })
	if ok {
		e = t.entries[i]
	}
	return e, ok
}

// Names lists the registered names in byte order.
func (t *Table) Names() (names []string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.entries {
		names = append(names, e.Name)
	}
	return names
}

// Words are the values that the key takes: special words such as auto, then the names.
func (t *Table) Words() []string {
	words := slices.Clone(t.extra)
	for _, name := range t.Names() {
		if t.forms == nil {
			words = append(words, name)
		} else {
			words = append(words, t.forms(name)...)
		}
	}
	return words
}

// AnyName allows any line of text as the name of an entry without settings. A package calls
// it when it makes its List.
func (t *Table) AnyName() { t.anyName = true }

// Forms sets a function that lists the words for each name, such as cuda, cuda:0 and cuda:1
// for cuda, or none if this machine has no such device. A package calls it when it makes its
// List.
func (t *Table) Forms(of func(name string) []string) { t.forms = of }

// List holds the entries of one key with their values. It is safe for concurrent use.
type List[T any] struct {
	Table
	values map[string]T
}

// New makes the List of a key. noun is the kind of its entries, "optimizer"; extra are words
// that the key takes besides names. New panics if the key has a List already.
func New[T any](key, noun string, extra ...string) *List[T] {
	l := &List[T]{Table: Table{key: key, noun: noun, extra: extra}, values: map[string]T{}}
	if _, twice := tables.LoadOrStore(key, &l.Table); twice {
		panic("registry: two lists for the key " + key)
	}
	return l
}

// Register adds a value under a name of a-z, 0-9, "_", "-" and ".". An error wraps
// ErrRegister: the name is taken or malformed, or the settings cannot be keys.
func (l *List[T]) Register(name string, value T, options ...Option) error {
	e := Entry{Name: name}
	for _, o := range options {
		o(&e)
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w the %s %q: "+format, append([]any{ErrRegister, l.noun, name}, args...)...)
	}
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789_-."
	plain := name != "" && strings.Trim(name, allowed) == "" && strings.Trim(name, ".") == name
	if !plain && (!l.anyName || e.Settings != nil) {
		return bad("a name is made of %s, without a dot at an end", allowed)
	}
	if name == "" || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == ',' }) {
		return bad("a name is a line without commas and without spaces around it")
	}
	if e.Settings != nil {
		t := reflect.TypeOf(e.Settings)
		if t.Kind() != reflect.Struct {
			return bad("its settings are %v, want a struct", t)
		}
		if _, err := tags.Of(t); err != nil {
			return bad("settings %v: %w", t, err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i, taken := slices.BinarySearchFunc(l.entries, name, func(e Entry, name string) int { return strings.Compare(e.Name, name) })
	if taken || slices.Contains(l.extra, name) {
		return bad("the name is taken")
	}
	l.entries = slices.Insert(l.entries, i, e)
	l.values[name] = value
	generation.Add(1)
	return nil
}

// MustRegister is Register for a package's own entries; it panics on an error.
func (l *List[T]) MustRegister(name string, value T, options ...Option) {
	if err := l.Register(name, value, options...); err != nil {
		panic(err)
	}
}

// Find returns the value of a name.
func (l *List[T]) Find(name string) (value T, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	value, ok = l.values[name]
	return value, ok
}
