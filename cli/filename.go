package cli

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxFileName is the largest length of a fileName in bytes: file systems allow 255, and a
// suffix may be added.
const maxFileName = 120

// reservedNames are names of devices on Windows, with and without an ending.
var reservedNames = []string{"con", "prn", "aux", "nul", "conin$", "conout$"}

// fileName makes a name fit for a file or a folder on every system: a run's, a class's.
func fileName(name string) string {
	clean := []rune(name)
	for i, r := range clean {
		if r < ' ' || r == 0x7f || slices.Contains([]rune(`/\:*?"<>| `), r) {
			clean[i] = '_'
		}
	}
	text := shorten(string(clean), maxFileName)
	if n := len(text) - len(strings.TrimRight(text, ".")); n > 0 { // Windows drops dots at the end
		text = text[:len(text)-n] + strings.Repeat("_", n)
	}
	if text == "" || isReserved(text) {
		text = "_" + text
	}
	return text
}

// shorten cuts a text to at most n bytes, between two characters.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// isReserved reports whether a name is that of a device on Windows.
func isReserved(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	if slices.Contains(reservedNames, stem) {
		return true
	}
	for _, port := range []string{"com", "lpt"} {
		if number, ok := strings.CutPrefix(stem, port); ok && utf8.RuneCountInString(number) == 1 && strings.ContainsAny(number, "0123456789¹²³") {
			return true
		}
	}
	return false
}
