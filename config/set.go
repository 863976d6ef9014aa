package config

import (
	"maps"
	"slices"
	"strings"
)

// Set gives one dotted key the value that is written, as -set does: lists and
// ranges with commas, with or without [ ] or ( ) around them, an empty value for an empty
// text or list. The value's type
// and range are checked; what hangs together is left to Validate. After an error
// c is as it was.
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

// withoutBrackets takes the one pair of brackets off that stands around a list, as in YAML
// and Python. Other brackets are of patterns or file names.
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

// Given says whether Load or Set was given the key, so that a profile of lesser
// weight leaves it alone.
func (c *Config) Given(path string) bool { return c.given[path] }

// GivenKeys lists the keys that Load and Set were given, in order of the alphabet.
func (c *Config) GivenKeys() []string { return slices.Sorted(maps.Keys(c.given)) }

// mark notes given keys in a new map, since copies of c share the old one.
func (c *Config) mark(paths ...string) {
	given := make(map[string]bool, len(c.given)+len(paths))
	maps.Copy(given, c.given)
	for _, p := range paths {
		given[p] = true
	}
	c.given = given
}
