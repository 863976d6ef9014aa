package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/registry"
)

// UnreadNotes are remarks on keys that were given and have no effect, since the optimizer,
// schedule, model or data set that is chosen does not read them and another one does.
func (c *Config) UnreadNotes() (notes []string) {
	usual := Default()
	for _, k := range tree().keys {
		if !c.Given(k.path) || k.get(c) == k.get(&usual) {
			continue
		}
		chooser, readers := c.unread(k)
		if readers == nil {
			continue
		}
		is, _ := c.Get(chooser)
		notes = append(notes, fmt.Sprintf("%s = %s has no effect with %s = %s: it is of %s", k.path, k.get(c), chooser, is, strings.Join(readers, ", ")))
	}
	return notes
}

// unread is the key that chooses a thing which does not read k, and the things that do; nil
// if k is read, or by none of what is registered.
func (c *Config) unread(k *key) (chooser string, readers []string) {
	if k.own != nil {
		chooser := tree().byPath[k.own.table.Key()]
		if k.own.chosen(c) || chooser != nil && chooser.list() { // of a list, such as track, others may be chosen at another time
			return "", nil
		}
		return k.own.table.Key(), []string{k.own.name}
	}
	t, word := k.beside()
	if t == nil {
		return "", nil
	}
	for _, name := range elements(tree().byPath[t.Key()].value(c)) {
		if e, ok := t.Entry(name); !ok || e.Reads == nil || slices.Contains(e.Reads, word) {
			return "", nil
		}
	}
	return t.Key(), k.readers()
}

// beside is the list of what a key of the same section chooses, and the key's last word; nil
// if there is none.
func (k *key) beside() (t *registry.Table, word string) {
	parent, word := cutLast(k.path)
	for _, t := range registry.Tables() {
		if above, _ := cutLast(t.Key()); parent != "" && above == parent && tree().byPath[t.Key()] != nil {
			return t, word
		}
	}
	return nil, word
}

// readers are the things that read a key, if one chosen beside it reads it and another, of
// which it is known what it reads, does not.
func (k *key) readers() (names []string) {
	t, word := k.beside()
	if t == nil {
		return nil
	}
	all := true
	for _, e := range t.Entries() {
		if slices.Contains(e.Reads, word) {
			names = append(names, e.Name)
		} else if e.Reads != nil {
			all = false
		}
	}
	if all {
		return nil
	}
	return names
}
