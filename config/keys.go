package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/edit"
	"github.com/euryale-ml/euryale/internal/tags"
)

// Key describes one dotted key.
type Key struct {
	Path      string // such as "optim.lr"
	Default   string // as Set takes it
	Range     string // what this build allows, in words
	Meaning   string
	Resumable bool         // may change when a run is resumed
	Kind      reflect.Kind // of the value in Config: a number's, String, Bool, or Array and Slice for lists
	Words     []string     // those that this build takes, for a list those that it may have; nil: any text or number
	Choices   []string     // of a key that chooses a registered entry: "NAME: DESCRIPTION"
	ReadBy    []string     // the names of the entries that use the key, if not all of its section do
	Of        string       // the choice that the setting belongs to, such as "optim.name = lion"; "": every run
	Chooser   string       // the key of that choice, such as "optim.name" or "track"; "": every run
}

// Keys lists every key in the order of the YAML, with the own settings of registered
// optimizers, schedules, models, data sets and trackers (registry.Settings).
func Keys() []Key {
	c := Default()
	var list []Key
	for _, k := range tree().keys {
		words := k.offered()
		key := Key{
			Path: k.path, Default: k.get(&c), Range: k.wantsOf(words), Meaning: k.Help, Resumable: k.Free, Kind: k.Type.Kind(), Words: slices.Clone(words),
		}
		if k.own != nil {
			key.Of, key.Chooser = k.own.String(), k.own.table.Key()
		}
		key.ReadBy = k.readers()
		if t := k.table(); t != nil {
			for _, e := range t.Entries() {
				if e.About != "" && slices.Contains(words, e.Name) {
					key.Choices = append(key.Choices, e.Name+": "+e.About)
				}
			}
		}
		list = append(list, key)
	}
	return list
}

// Applies reports whether a key has a meaning for a run with this configuration: an own
// setting of a registered entry has one only if that entry is chosen.
func (c *Config) Applies(key string) bool {
	k := tree().byPath[key]
	return k != nil && (k.own == nil || k.own.chosen(c))
}

// key is a leaf of the tree of Config.
type key struct {
	tags.Field
	path  string
	index []int // of reflect's FieldByIndex, in Config or in the settings of own
	own   *own  // the registered entry with this setting; nil: it is a field of Config
}

// fixed are the fields of Config, in order.
var fixed = walk(reflect.TypeFor[Config](), "", nil)

// walk gathers the keys and sections of Config from its fields' tags.
func walk(t reflect.Type, prefix string, index []int) (list []*key) {
	if prefix != "" {
		list = append(list, &key{path: strings.TrimSuffix(prefix, ".")})
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		at := append(slices.Clone(index), i)
		if f.Type.Kind() == reflect.Struct {
			list = append(list, walk(f.Type, prefix+f.Tag.Get("yaml")+".", at)...)
			continue
		}
		field, err := tags.Read(f)
		if err != nil {
			panic("config: " + prefix + err.Error())
		}
		list = append(list, &key{Field: field, path: prefix + field.Name, index: at})
	}
	return list
}

// value is the key's value in c; it is not to be changed.
func (k *key) value(c *Config) reflect.Value {
	if k.own != nil {
		return reflect.ValueOf(c.settings(k.own)).FieldByIndex(k.index)
	}
	return reflect.ValueOf(c).Elem().FieldByIndex(k.index)
}

// assign gives the key a value in c, and leaves copies of c as they are.
func (k *key) assign(c *Config, v reflect.Value) {
	if k.own != nil {
		c.own = k.own.with(c, k.index, v)
		return
	}
	reflect.ValueOf(c).Elem().FieldByIndex(k.index).Set(v)
}

// find returns the key of a path, or an error that names the nearest one.
func find(path string) (*key, error) {
	if k := tree().byPath[path]; k != nil {
		return k, nil
	}
	if isSection(path) {
		return nil, &keyError{fmt.Sprintf("%s is a section, not a key; %s", path, keysBelow(path)), ErrType}
	}
	return nil, unknown(path)
}

// unknown is the error for a key that does not exist, with the keys that may be meant.
func unknown(path string) error {
	last := plainName(path[strings.LastIndexByte(path, '.')+1:])
	if list := several[last]; list != nil {
		return &keyError{fmt.Sprintf("unknown key %s; it may mean %s", path, strings.Join(list, ", ")), ErrUnknownKey}
	}
	if hint := instead[last]; hint != "" {
		return &keyError{fmt.Sprintf("unknown key %s: %s", path, hint), ErrUnknownKey}
	}
	return &keyError{fmt.Sprintf("unknown key %s; the nearest known key is %s", path, nearest(path)), ErrUnknownKey}
}

func keysBelow(section string) string {
	var below []string
	for _, k := range tree().keys {
		if name, ok := strings.CutPrefix(k.path, section+"."); ok {
			below = append(below, name)
		}
	}
	if len(below) == 0 {
		return "it has no keys"
	}
	return "its keys are " + strings.Join(below, ", ")
}

// nearest is the known key that looks most like path: the only one with the same last word,
// else the one with this alias, else the one with the fewest edits, and of these the one with
// the longest common beginning. It is a section if path is at most two letters away from one.
func nearest(path string) string {
	last := path[strings.LastIndexByte(path, '.')+1:]
	var same []string
	best, distance := "", 1<<30
	candidates := slices.DeleteFunc(slices.Clone(tree().sections), func(s string) bool { return edit.Distance(path, s) > 2 })
	for _, k := range tree().keys {
		candidates = append(candidates, k.path)
		if strings.HasSuffix("."+k.path, "."+last) {
			same = append(same, k.path)
		}
	}
	if len(same) == 1 {
		return same[0]
	}
	if key := byAlias[plainName(last)]; key != "" {
		return key
	}
	for _, c := range candidates {
		d := edit.Distance(path, c)
		if !strings.Contains(path, ".") { // a bare word may mean a key of any section
			d = min(d, edit.Distance(path, c[strings.LastIndexByte(c, '.')+1:])+1)
		}
		if d < distance || d == distance && common(path, c) > common(path, best) {
			best, distance = c, d
		}
	}
	for _, a := range aliases {
		for name := range strings.FieldsSeq(a.names) {
			if d := edit.Distance(last, name) + 1; d < distance {
				best, distance = a.key, d
			}
		}
	}
	return best
}

// nearestWord is the member of words with the fewest edits to word.
func nearestWord(word string, words []string) string {
	return slices.MinFunc(words, func(a, b string) int {
		return cmp.Or(edit.Distance(word, a)-edit.Distance(word, b), common(word, b)-common(word, a))
	})
}

// common is the length of the beginning that two strings share.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
