package config

import (
	"strings"
	"unicode/utf8"
)

// helpWidth is the width of Help's lines in columns.
const helpWidth = 80

// Help is a text of at most 80 columns about every key: default, range and meaning.
func Help() string { return HelpFor(Default()) }

// HelpFor is Help with the values of a configuration, the default beside each value that
// differs from it, and the other names of keys (see Find).
func HelpFor(c Config) string {
	var b strings.Builder
	for _, k := range Keys() {
		usual := ""
		value, _ := c.Get(k.Path)
		if value != k.Default {
			usual = "  (default " + shown(k.Default) + ")"
		}
		b.WriteString("  " + k.Path + "=" + value + usual + "\n")
		text := k.Meaning + " (" + k.Range + ")"
		if k.Of != "" {
			text = "of " + k.Of + ": " + text
		} else if k.ReadBy != nil {
			text = "of " + strings.Join(k.ReadBy, ", ") + ": " + text
		}
		if names := Aliases(k.Path); names != nil {
			text += "; also " + strings.Join(names, ", ")
		}
		for _, line := range wrap(text, helpWidth-8) {
			b.WriteString("        " + line + "\n")
		}
		for _, choice := range k.Choices {
			b.WriteString("          " + strings.Join(wrap(choice, helpWidth-12), "\n            ") + "\n")
		}
	}
	return b.String()
}

// wrap breaks a text at its spaces into lines of at most width characters; a longer word
// has a line to itself.
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
