package config

import (
	"strings"
	"unicode/utf8"
)

// helpWidth is how many columns Help fills.
const helpWidth = 100

// Help is a text of at most 100 columns about every key: default, range and meaning.
// known names the models and sets that there are.
func Help(known ...Known) string {
	var b strings.Builder
	for _, k := range Keys(known...) {
		b.WriteString("  " + k.Path + "=" + k.Default + "\n")
		for _, line := range wrap(k.Meaning+" ("+k.Range+")", helpWidth-8) {
			b.WriteString("        " + line + "\n")
		}
	}
	return b.String()
}

// wrap breaks a text at its spaces into lines of at most width characters, longer only
// where a single word is.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
