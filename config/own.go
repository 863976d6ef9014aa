package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/euryale-ml/euryale/internal/tags"
	"github.com/euryale-ml/euryale/registry"
)

// own are the own settings of one registered entry: a section under its name beside the key
// that chooses it, such as optim.lion beside optim.name.
type own struct {
	table    *registry.Table
	name     string // of the entry
	parent   string // of the section: "optim."
	defaults any    // a struct
	keys     []*key
}

// String is the choice that makes the settings apply, "optim.name = lion".
func (o *own) String() string { return o.table.Key() + " = " + o.name }

func (o *own) path() string { return o.parent + o.name }

// chosen reports whether c chooses the entry.
func (o *own) chosen(c *Config) bool {
	k := tree().byPath[o.table.Key()]
	return k != nil && slices.Contains(elements(k.value(c)), o.name)
}

// changed reports whether a setting differs from its default.
func (o *own) changed(c *Config) bool {
	usual := Default()
	return slices.ContainsFunc(o.keys, func(k *key) bool { return k.get(c) != k.get(&usual) })
}

// with is a copy of c's map of settings with one value replaced.
func (o *own) with(c *Config, index []int, v reflect.Value) map[string]any {
	settings := reflect.New(reflect.TypeOf(o.defaults)).Elem()
	settings.Set(reflect.ValueOf(c.settings(o)))
	settings.FieldByIndex(index).Set(v)
	all := maps.Clone(c.own)
	if all == nil {
		all = map[string]any{}
	}
	all[o.path()] = settings.Interface()
	return all
}

// validate calls the settings' own Validate method, if they have one and are used.
func (o *own) validate(c *Config) error {
	v, ok := c.settings(o).(interface{ Validate() error })
	if !ok || !o.chosen(c) && !o.changed(c) {
		return nil
	}
	if err := v.Validate(); err != nil {
		return &keyError{err.Error(), ErrRange}
	}
	return nil
}

func (c *Config) settings(o *own) any {
	if s, ok := c.own[o.path()]; ok && reflect.TypeOf(s) == reflect.TypeOf(o.defaults) {
		return s
	}
	return o.defaults
}

// Settings are the own settings of a registered entry, as a struct of the type given to
// registry.Settings: Settings("optim.name", "lion"). nil: it has none.
func (c *Config) Settings(key, name string) any {
	for _, o := range tree().own {
		if o.table.Key() == key && o.name == name {
			return c.settings(o)
		}
	}
	return nil
}

// keyTree holds every key.
type keyTree struct {
	keys     []*key // in the order of the YAML
	byPath   map[string]*key
	sections []string
	own      []*own
	clash    error // about registered entries whose settings would hide a key

	generation int64
}

var trees struct {
	sync.Mutex
	last *keyTree
}

// tree is the current keyTree, made anew after each registration.
func tree() *keyTree {
	trees.Lock()
	defer trees.Unlock()
	if g := registry.Generation(); trees.last == nil || trees.last.generation != g {
		trees.last = plant(g)
	}
	return trees.last
}

// plant makes the tree: the settings of registered entries follow the keys of the section
// that chooses them.
func plant(generation int64) *keyTree {
	t := &keyTree{byPath: map[string]*key{}, generation: generation}
	taken := map[string]bool{}
	for _, k := range fixed {
		taken[k.path] = true
	}
	parent := ""
	for i, k := range fixed {
		if k.Type == nil {
			t.sections = append(t.sections, k.path)
			parent = k.path + "."
		} else {
			t.add(k)
		}
		if i+1 < len(fixed) && parent != "" && !strings.HasPrefix(fixed[i+1].path, parent) {
			t.addOwn(parent, taken)
			parent = ""
		}
	}
	if parent != "" {
		t.addOwn(parent, taken)
	}
	t.addOwn("", taken)
	return t
}

func (t *keyTree) add(k *key) {
	t.keys = append(t.keys, k)
	t.byPath[k.path] = k
}

// addOwn adds the own settings of the entries that a key of the section chooses.
func (t *keyTree) addOwn(parent string, taken map[string]bool) {
	for _, table := range registry.Tables() {
		if above, _ := cutLast(table.Key()); above != parent {
			continue
		}
		for _, e := range table.Entries() {
			if e.Settings == nil {
				continue
			}
			o := &own{table: table, name: e.Name, parent: parent, defaults: e.Settings}
			if taken[o.path()] {
				t.clash = errors.Join(t.clash, &keyError{fmt.Sprintf("the %s %s has settings, which would be the section %s, and that is a key: give it another name",
					table.Noun(), e.Name, o.path()), ErrDuplicate})
				continue
			}
			t.sections = append(t.sections, o.path())
			t.own = append(t.own, o)
			o.addKeys()
			for _, k := range o.keys {
				t.add(k)
			}
		}
	}
}

// addKeys makes the keys of the fields.
func (o *own) addKeys() {
	typ := reflect.TypeOf(o.defaults)
	fields, err := tags.Of(typ)
	if err != nil {
		panic("config: " + err.Error()) // registry.Register has checked the type
	}
	for i := range typ.NumField() {
		if f, ok := fields[i]; ok {
			o.keys = append(o.keys, &key{Field: f, path: o.path() + "." + f.Name, index: []int{i}, own: o})
		}
	}
}

// cutLast splits a key before its last word: "optim." and "name".
func cutLast(key string) (parent, word string) {
	i := strings.LastIndexByte(key, '.') + 1
	return key[:i], key[i:]
}

// noneOf is an error about a section that could hold the settings of a registered entry, if
// no entry has this name or it has no settings; nil if the section cannot mean an entry.
func noneOf(path string) error {
	parent, name := cutLast(path)
	if parent == "" || !isSection(strings.TrimSuffix(parent, ".")) {
		return nil
	}
	for _, t := range registry.Tables() {
		if above, _ := cutLast(t.Key()); above != parent {
			continue
		}
		message := fmt.Sprintf("%s: this program has no %s %s; there are %s", path, t.Noun(), name, strings.Join(t.Names(), ", "))
		if _, ok := t.Entry(name); ok {
			message = fmt.Sprintf("%s: the %s %s has no settings of its own", path, t.Noun(), name)
		} else {
			message += nearestOf(name, t.Names())
		}
		return &keyError{message, ErrUnknownKey}
	}
	return nil
}
