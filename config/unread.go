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
		if k.own.chosen(c) {
			return "", nil
		}
		return k.own.table.Key(), []string{k.own.name}
	}
	parent, word := cutLast(k.path)
	for _, t := range registry.Tables() {
		above, _ := cutLast(t.Key())
		chosen := tree().byPath[t.Key()]
		if above != parent || chosen == nil {
			continue
		}
		for _, name := range elements(chosen.value(c)) {
			if e, ok := t.Entry(name); !ok || e.Reads == nil || slices.Contains(e.Reads, word) {
				return "", nil
			}
		}
		for _, e := range t.Entries() {
			if slices.Contains(e.Reads, word) {
				readers = append(readers, e.Name)
			}
		}
		return t.Key(), readers
	}
	return "", nil
}
