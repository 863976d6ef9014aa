package config

import (
	"fmt"
	"strings"
)

// Help is a text about every key: default, range and meaning. known names the
// models and sets that there are.
func Help(known ...Known) string {
	var b strings.Builder
	for _, k := range Keys(known...) {
		fmt.Fprintf(&b, "  %s=%s\n        %s (%s)\n", k.Path, k.Default, k.Meaning, k.Range)
	}
	return b.String()
}
