package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/registry"
)

// UnreadNotes are remarks on given keys without effect: the chosen optimizer, schedule, model
// or data set does not use them, but another one does.
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
		note := fmt.Sprintf("%s = %s has no effect with %s = %s: it is of %s", k.path, k.get(c), chooser, is, strings.Join(readers, ", "))
		if own := c.ownNamed(chooser, k.Name); own != "" {
			note += "; that of " + is + " is " + own
		}
		notes = append(notes, note)
	}
	return notes
}

// ownNamed is the key with this last word among the settings that the chosen thing alone
// has; "" if there is none.
func (c *Config) ownNamed(chooser, word string) string {
	for _, o := range tree().own {
		if o.table.Key() == chooser && o.chosen(c) {
			for _, k := range o.keys {
				if k.Name == word {
					return k.path
				}
			}
		}
	}
	return ""
}

// unread is the key whose chosen entry does not use k, and the entries that do; nil if the
// chosen entry uses k, or no registered one does.
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

// beside is the table of the choosing key in k's section, and k's last word; nil if the
// section has no choosing key.
func (k *key) beside() (t *registry.Table, word string) {
	parent, word := cutLast(k.path)
	for _, t := range registry.Tables() {
		if above, _ := cutLast(t.Key()); parent != "" && above == parent && tree().byPath[t.Key()] != nil {
			return t, word
		}
	}
	return nil, word
}

// readers are the names of the entries that use a key, if not all entries with known reads do.
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
