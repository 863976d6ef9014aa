package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// available has the words of keys that this build can do, where they are not all that the
// key knows. Help offers no others.
var available = map[string][]string{
	"device":    {"auto", "cpu"},
	"precision": {"float32", "float64"},
}

// offered are the words that this build offers for a key; nil: any text.
func (k *key) offered(known ...Known) []string {
	if k.names != "" {
		return namesOf(k.names, known)
	}
	if words := available[k.path]; words != nil {
		return words
	}
	return k.words
}

// Unavailable says which values ask for what this build does not have; nil if there is
// none.
func (c *Config) Unavailable() error {
	var errs []error
	for _, k := range keys {
		if words := available[k.path]; words != nil && !slices.Contains(words, k.get(c)) && k.allows(k.get(c)) {
			errs = append(errs, &keyError{fmt.Sprintf("%s = %s is not available in this version; there is %s", k.path, k.get(c), strings.Join(words, ", ")), ErrUnavailable})
		}
	}
	return errors.Join(errs...)
}
