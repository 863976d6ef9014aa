// Package registry keeps the lists of what a configuration chooses by name, such as the
// optimizers behind optim.name: one List for each key, which the package that owns the
// things makes and fills. The configuration, its help, the errors and the commands read
// these lists, so that a thing registered by a program of a user's own is known to them all.
//
// A program registers with optim.Register, schedule.Register, models.Register,
// dataset.Register, device.Register and track.Register; the options of this package describe what it registers.
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

// ErrRegister is wrapped by errors about what cannot be registered.
var ErrRegister = errors.New("cannot register")

// Entry describes a registered thing.
type Entry struct {
	Name  string
	About string // what it is, in a phrase; "" if nobody said
	// Reads are the keys of the section that chooses it whose values it takes, by their last
	// words, such as "momentum" in optim; nil: they may be all.
	Reads []string
	// Details are further lines, such as where a model's weights come from.
	Details []Line
	// Settings is a struct with the defaults of the settings that it alone has; nil: none.
	// They are keys of a section under its name, such as optim.lion.betas.
	Settings any
}

// Line is a text with a label before it.
type Line struct{ Label, Text string }

// Detail is the text of the line with a label; "" if there is none.
func (e Entry) Detail(label string) string {
	for _, l := range e.Details {
		if l.Label == label {
			return l.Text
		}
	}
	return ""
}

// Option adds to the description of what is registered.
type Option func(*Entry)

// About says what the thing is, in a phrase: "PyTorch's SGD with momentum".
func About(text string) Option { return func(e *Entry) { e.About = text } }

// Detail adds a line to what the commands say of the thing.
func Detail(label, text string) Option {
	return func(e *Entry) { e.Details = append(e.Details, Line{label, text}) }
}

// Reads names the keys that the thing takes of those that all of its kind share, by their
// last words: Reads("momentum", "weight_decay") of an optimizer; Reads() is none. Where a
// user sets another of these keys, a note says that it has no effect. Without this option
// no such note appears.
func Reads(keys ...string) Option {
	return func(e *Entry) { e.Reads = append([]string{}, keys...) }
}

// Settings gives the thing settings of its own: the fields of a struct, which holds their
// defaults, become keys of a section under its name, such as optim.lion.betas. The tags of
// a field are yaml, its key; help, its meaning, which it must have; range, such as
// "[0,1)"; oneof, its words with commas; resume:"free" if it may change when a run is
// resumed; order:"any" if the second of two numbers may be the lower one. Its type is bool,
// int, uint64, float64, string, []string or an array of float64. Fields without the tag
// yaml are no settings. Where the struct has the method Validate() error, it is called when
// a configuration is checked; its error names the key, such as optim.lion.betas.
func Settings(defaults any) Option { return func(e *Entry) { e.Settings = defaults } }

// Table is the part of a List that configurations, helps and commands read.
type Table struct {
	key, noun string
	extra     []string
	forms     func(name string) []string // words for one name; nil: the name alone
	anyName   bool                       // not only a-z, 0-9, "_", "-" and "."
	mu        sync.RWMutex
	entries   []Entry // by name
}

var (
	tables     sync.Map // of *Table, by key
	generation atomic.Int64
)

// For is the Table of a key such as optim.name; nil if no package that this program has
// makes one.
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

// Generation changes whenever something is registered.
func Generation() int64 { return generation.Load() }

// Key is the key that chooses from the table.
func (t *Table) Key() string { return t.key }

// Noun says what is in the table: "optimizer".
func (t *Table) Noun() string { return t.noun }

// Entries lists what is registered by name.
func (t *Table) Entries() []Entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.entries)
}

// Entry is the one of a name.
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

// Words are what the key takes: the names, and before them the words that stand for a
// choice, such as auto.
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

// AnyName lets names be any line of text where there are no settings with it. A package
// calls it when it makes its List.
func (t *Table) AnyName() { t.anyName = true }

// Forms makes other words of each name than the name alone, such as cuda, cuda:0 and cuda:1
// of cuda, or none where there is none of it in this machine. A package calls it when it
// makes its List.
func (t *Table) Forms(of func(name string) []string) { t.forms = of }

// List holds the things that one key chooses from. It is safe for concurrent use.
type List[T any] struct {
	Table
	values map[string]T
}

// New makes the List of a key. noun says what is in it, "optimizer"; extra are words that
// the key takes besides names. A key has one List: a second one panics.
func New[T any](key, noun string, extra ...string) *List[T] {
	l := &List[T]{Table: Table{key: key, noun: noun, extra: extra}, values: map[string]T{}}
	if _, twice := tables.LoadOrStore(key, &l.Table); twice {
		panic("registry: two lists for the key " + key)
	}
	return l
}

// Register adds a thing under a name of a-z, 0-9, "_", "-" and ".". An error, for a name
// that is taken or no name and for settings that cannot be keys, wraps ErrRegister.
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

// MustRegister is Register for a package's own things; it panics where that fails.
func (l *List[T]) MustRegister(name string, value T, options ...Option) {
	if err := l.Register(name, value, options...); err != nil {
		panic(err)
	}
}

// Find is the thing of a name.
func (l *List[T]) Find(name string) (value T, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	value, ok = l.values[name]
	return value, ok
}
