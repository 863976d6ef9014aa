// Package tags reads the struct tags that make a field a setting: yaml is its key, range
// the interval of its numbers, oneof its words, absent words that only other builds have,
// help its meaning, resume:"free" allows
// another value when a run is resumed, order:"any" lets the second of two numbers be the
// lower one.
package tags

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// Field is a setting as its tags describe it.
type Field struct {
	Name     string // the last word of its key
	Type     reflect.Type
	Interval *Interval // of numbers, or of each number of a list; nil: every number of the type
	Words    []string  // allowed words; nil: any text
	Absent   []string  // words that only other builds have; N at the end of one stands for a number
	Help     string
	Free     bool // may change when a run is resumed
	AnyOrder bool // two numbers may be in any order
}

var names = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Read reads the tags of a field that has the tag yaml. The types of settings are bool,
// int, uint64, float64, string, []string, and arrays of two or more float64.
func Read(f reflect.StructField) (Field, error) {
	s := Field{
		Name: f.Tag.Get("yaml"), Type: f.Type, Help: f.Tag.Get("help"),
		Free: f.Tag.Get("resume") == "free", AnyOrder: f.Tag.Get("order") == "any",
	}
	bad := func(format string, args ...any) (Field, error) {
		return s, fmt.Errorf("field %s: "+format, append([]any{f.Name}, args...)...)
	}
	if !names.MatchString(s.Name) {
		return bad("yaml %q: want a key of a-z, 0-9 and _", s.Name)
	}
	numbers, text := false, false
	switch t := f.Type; t.Kind() {
	case reflect.Bool, reflect.Uint64:
	case reflect.Int:
		numbers = true
	case reflect.Float64:
		numbers, s.Interval = true, anyNumber
	case reflect.String:
		text = true
	case reflect.Slice:
		if text = t == reflect.TypeFor[[]string](); !text {
			return bad("%v is no type of a setting", t)
		}
	case reflect.Array:
		if numbers, s.Interval = true, anyNumber; t.Elem() != reflect.TypeFor[float64]() || t.Len() < 2 {
			return bad("%v is no type of a setting", t)
		}
	default:
		return bad("%v is no type of a setting", t)
	}
	if r := f.Tag.Get("range"); r != "" {
		if !numbers {
			return bad("a range is of numbers, not of %v", f.Type)
		}
		var err error
		if s.Interval, err = parseInterval(r); err != nil {
			return bad("%w", err)
		}
	}
	s.Words, s.Absent = words(f.Tag.Get("oneof")), words(f.Tag.Get("absent"))
	if (s.Words != nil || s.Absent != nil) && !text {
		return bad("oneof is of texts, not of %v", f.Type)
	}
	return s, nil
}

// words splits a tag at commas; nil if it is empty.
func words(tag string) []string {
	if tag == "" {
		return nil
	}
	return strings.Split(tag, ",")
}

// Of lists the settings of a struct: its exported fields with the tag yaml, by their index.
func Of(t reflect.Type) (fields map[int]Field, err error) {
	fields = map[int]Field{}
	seen := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("yaml") == "" {
			continue
		}
		if !f.IsExported() {
			return nil, fmt.Errorf("field %s has the tag yaml and is not exported", f.Name)
		}
		if fields[i], err = Read(f); err != nil {
			return nil, err
		}
		if name := fields[i].Name; seen[name] {
			return nil, fmt.Errorf("two fields are called %s", name)
		} else if seen[name] = true; fields[i].Help == "" {
			return nil, fmt.Errorf("field %s has no tag help, which says what it means", f.Name)
		}
	}
	return fields, nil
}
