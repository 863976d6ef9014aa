package config

import (
	"fmt"
	"slices"
	"strings"
)

// offered are the words that this program takes for a key; nil: any text.
func (k *key) offered() []string {
	words := k.words()
	if k.Absent == nil || words == nil {
		return words
	}
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return slices.Contains(k.Absent, word) && slices.Contains(k.Words, word) })
}

// unavailable is an error if only other builds take the value.
func (k *key) unavailable(value string) error {
	offered := k.offered()
	if offered == nil || slices.Contains(offered, value) || !allows(k.Absent, value) {
		return nil
	}
	return &keyError{fmt.Sprintf("%s = %s is not available in this version; there is %s", k.path, value, strings.Join(offered, ", ")), ErrUnavailable}
}
