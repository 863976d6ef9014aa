package config

import (
	"fmt"
	"slices"
	"strings"
)

// offered are the words that this program offers for a key; nil: any text.
func (k *key) offered(known ...Known) []string {
	if k.names != "" {
		return namesOf(k.names, known)
	}
	if k.absent == nil {
		return k.words
	}
	return slices.DeleteFunc(slices.Clone(k.words), func(word string) bool { return slices.Contains(k.absent, word) })
}

// unavailable says that a value is one that other builds know and this program does not
// offer; nil if it is not.
func (k *key) unavailable(value string, known []Known) error {
	offered := k.offered(known...)
	if offered == nil || slices.Contains(offered, value) || !allows(k.absent, value) {
		return nil
	}
	return &keyError{fmt.Sprintf("%s = %s is not available in this version; there is %s", k.path, value, strings.Join(offered, ", ")), ErrUnavailable}
}
