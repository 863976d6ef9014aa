package config

import (
	"maps"
	"slices"
	"strings"
)

// Set gives one dotted key a value as text, as -set does: lists and ranges with commas, with
// or without [ ] or ( ) around them, an empty value for an empty text or list. Set checks the
// value's type and range; Validate checks whether values fit each other. After an error c is
// unchanged.
func (c *Config) Set(path, value string) error {
	k, err := find(path)
	if err != nil {
		return err
	}
	if k.list() {
		value = withoutBrackets(value)
	}
	v, err := k.parse(k.split(value))
	if err != nil {
		return err
	}
	if err := k.checkNames(v); err != nil {
		return err
	}
	k.assign(c, v)
	c.mark(path)
	return nil
}

// withoutBrackets removes one pair of brackets around a list, as in YAML and Python. Other
// brackets belong to patterns or file names.
func withoutBrackets(list string) string {
	for _, pair := range []string{"[]", "()"} {
		inner, opened := strings.CutPrefix(list, pair[:1])
		inner, closed := strings.CutSuffix(inner, pair[1:])
		if opened && closed && !strings.ContainsAny(inner, "[]()") {
			return inner
		}
	}
	return list
}

// Get is the value of a dotted key as Set takes it.
func (c *Config) Get(path string) (string, error) {
	k, err := find(path)
	if err != nil {
		return "", err
	}
	return k.get(c), nil
}

// Given reports whether Load or Set has set the key, so that a profile of lower precedence
// does not change it.
func (c *Config) Given(path string) bool { return c.given[path] }

// GivenKeys lists the keys that Load and Set have set, sorted.
func (c *Config) GivenKeys() []string { return slices.Sorted(maps.Keys(c.given)) }

// mark records given keys in a new map, since copies of c share the old one.
func (c *Config) mark(paths ...string) {
	given := make(map[string]bool, len(c.given)+len(paths))
	maps.Copy(given, c.given)
	for _, p := range paths {
		given[p] = true
	}
	c.given = given
}
