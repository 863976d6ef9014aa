// Package inwords writes numbers and words for people.
package inwords

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Grouped writes n with commas: 134,412,133.
func Grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Short writes n with three digits and a letter: 134 M, 15.5 G.
func Short(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	v := float64(n)
	for _, unit := range []string{"", "k", "M", "G", "T"} {
		if v < 999.5 || unit == "T" {
			return strings.TrimSpace(strconv.FormatFloat(v, 'f', max(0, 2-int(math.Log10(max(v, 1)))), 64) + " " + unit)
		}
		v /= 1000
	}
	return ""
}

// Count writes a number with its noun: 1 step, 2 steps, 3 losses.
func Count(n int, thing string) string { return Plural(n, thing, plural(thing)) }

// CountGrouped is Count with commas in the number.
func CountGrouped(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return Grouped(int64(n)) + " " + plural(thing)
}

// plural is the plural of a regular noun.
func plural(thing string) string {
	if strings.HasSuffix(thing, "s") {
		return thing + "es"
	}
	return thing + "s"
}

// Plural is a number with one of two phrases: 1 image is, 2 images are.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// shown is the largest number of names that Some lists.
const shown = 5

// Some lists names; of many, the first few and the number of the others.
func Some(names []string) string {
	if more := len(names) - shown; more > 0 {
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// Quoted quotes a word for a shell, in single quotes if it needs them.
func Quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(`/._-+@:=,%\`, r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
