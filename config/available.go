package config

import (
	"fmt"
	"slices"
	"strings"
)

// offered are the words that this program offers for a key; nil: any text.
func (k *key) offered() []string {
	words := k.words()
	if k.Absent == nil || words == nil {
		return words
	}
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return slices.Contains(k.Absent, word) && slices.Contains(k.Words, word) })
}

// unavailable says that a value is one that other builds know and this program does not
// offer; nil if it is not.
func (k *key) unavailable(value string) error {
	offered := k.offered()
	if offered == nil || slices.Contains(offered, value) || !allows(k.Absent, value) {
		return nil
	}
	return &keyError{fmt.Sprintf("%s = %s is not available in this version; there is %s", k.path, value, strings.Join(offered, ", ")), ErrUnavailable}
}
