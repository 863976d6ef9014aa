package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Load reads YAML onto c: keys that data does not give keep their values. The error names
// each bad key, up to 20, with its line and the nearest known key or the allowed values;
// after an error c is unchanged. Empty data changes nothing. The keys count as given (see
// Given).
func Load(data []byte, c *Config) error { return LoadFrom("", data, c) }

// LoadFrom is Load for the contents of a file: each error names the file too.
func LoadFrom(file string, data []byte, c *Config) error {
	l := loader{onto: *c, lines: map[string]int{}}
	if err := l.load(file, data); err != nil {
		return err
	}
	l.onto.mark(l.paths...)
	*c = l.onto
	return nil
}

// load reads data and joins its errors.
func (l *loader) load(file string, data []byte) error {
	l.read(data)
	var errs []error
	for _, e := range l.errs {
		if file != "" {
			e.message = file + ": " + e.message
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// LoadBase is Load for a built-in recipe: its keys do not count as given by the
// user.
func LoadBase(data []byte, c *Config) error {
	given := c.given
	err := Load(data, c)
	c.given = given
	return err
}

// LoadRecorded is Load for the configuration in a run's folder, which another program may
// have written: names of optimizers, models and so on that this program does not have are
// kept (Validate reports them), and the own settings of such an entry are left out. Its keys
// do not count as given by the user.
func LoadRecorded(data []byte, c *Config) error {
	l := loader{onto: *c, lines: map[string]int{}, recorded: true}
	if err := l.load("", data); err != nil {
		return err
	}
	*c = l.onto
	return nil
}

type loader struct {
	onto Config
	// recorded: unregistered names and their settings are not errors
	recorded bool
	lines    map[string]int // where each key was given
	paths    []string
	errs     []*keyError
}

// read reads the one document of data.
func (l *loader) read(data []byte) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var root, more yaml.Node
	switch err := d.Decode(&root); {
	case errors.Is(err, io.EOF):
		return
	case err != nil:
		l.errs = append(l.errs, &keyError{strings.TrimPrefix(err.Error(), "yaml: ") + tabHint(data), ErrSyntax})
		return
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		l.errs = append(l.errs, &keyError{"want one YAML document, there are more", ErrSyntax})
		return
	}
	switch top := root.Content[0]; {
	case top.Kind == yaml.MappingNode:
		l.mapping(top, "")
	case top.Tag != "!!null":
		l.fail(top.Line, &keyError{"want keys and values", ErrSyntax})
	}
	if len(l.errs) > maxErrors {
		l.errs = append(l.errs[:maxErrors], &keyError{"too many errors; the rest is left out", ErrSyntax})
	}
}

// tabHint names the first line that is indented by a tab, which YAML forbids, or is "".
func tabHint(data []byte) string {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]; bytes.ContainsRune(indent, '\t') {
			return fmt.Sprintf("; line %d is indented by a tab, and YAML takes spaces alone", n)
		}
	}
	return ""
}

// maxErrors is the number of errors after which Load stops: the file is not a configuration.
const maxErrors = 20

// fail keeps an error with its line.
func (l *loader) fail(line int, err error) {
	message, sentinel := err.Error(), ErrSyntax
	if e, ok := err.(*keyError); ok {
		message, sentinel = e.message, e.sentinel
	}
	l.errs = append(l.errs, &keyError{fmt.Sprintf("line %d: %s", line, message), sentinel})
}

// mapping reads the keys of a section.
func (l *loader) mapping(n *yaml.Node, prefix string) {
	for i := 0; i+1 < len(n.Content) && len(l.errs) <= maxErrors; i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		path := prefix + name.Value
		if first, twice := l.lines[path]; twice {
			l.fail(name.Line, &keyError{fmt.Sprintf("%s is given twice, first on line %d", path, first), ErrDuplicate})
			continue
		}
		l.lines[path] = name.Line
		switch {
		case name.Tag == "!!merge":
			l.fail(name.Line, &keyError{"the merge key << is not taken; write the keys out", ErrSyntax})
		case path == "format":
			l.format(value)
		case isSection(path):
			l.section(value, path)
		default:
			l.leaf(name.Line, value, path)
		}
	}
}

func (l *loader) section(n *yaml.Node, path string) {
	switch {
	case n.Kind == yaml.MappingNode:
		l.mapping(n, path+".")
	case n.Tag != "!!null":
		hint := ""
		if key := byAlias[path]; key != "" && n.Kind == yaml.ScalarNode {
			hint = "did you mean " + key + "? "
		}
		l.fail(n.Line, &keyError{fmt.Sprintf("%s is a section, not a value; %s%s", path, hint, keysBelow(path)), ErrType})
	}
}

func (l *loader) format(n *yaml.Node) {
	var version int
	if err := n.Decode(&version); err != nil || version < 1 {
		l.fail(n.Line, &keyError{fmt.Sprintf("format = %s: want a whole number from 1", n.Value), ErrType})
	} else if version > Format {
		l.fail(n.Line, &keyError{fmt.Sprintf("format = %d: written by a newer version; this one reads up to %d", version, Format), ErrRange})
	}
}

func (l *loader) leaf(line int, n *yaml.Node, path string) {
	k, err := find(path)
	if err != nil && n.Kind == yaml.MappingNode {
		if l.recorded {
			return // settings of an entry that this program does not have
		}
		if stranger := noneOf(path); stranger != nil {
			err = stranger
		}
	}
	if section := sectionAliases[strings.ToLower(path)]; err != nil && section != "" && n.Kind == yaml.MappingNode {
		err = &keyError{fmt.Sprintf("unknown section %s; the nearest known section is %s", path, section), ErrUnknownKey}
	}
	if err != nil {
		l.fail(line, err)
		return
	}
	words, ok := k.wordsOf(n)
	if !ok {
		refused := k.refuse(describe(n), ErrType)
		if n.Kind == yaml.ScalarNode && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			refused.message += "; quotes make it a text, leave them out"
		}
		l.fail(line, refused)
		return
	}
	v, err := k.parse(words)
	if err == nil && !l.recorded {
		err = k.checkNames(v)
	}
	if err != nil {
		l.fail(line, err)
		return
	}
	k.assign(&l.onto, v)
	l.paths = append(l.paths, path)
}

// wordsOf reads the words of a YAML value; ok is false if its shape or type does not fit
// the key. A list may be a sequence or a text with commas.
func (k *key) wordsOf(n *yaml.Node) (words []string, ok bool) {
	kind := k.Type.Kind()
	switch {
	case n.Kind == yaml.SequenceNode && k.list():
		for _, e := range n.Content {
			if e.Kind != yaml.ScalarNode || e.Tag == "!!null" {
				return nil, false
			}
			words = append(words, e.Value)
		}
		return words, true
	case n.Kind != yaml.ScalarNode:
		return nil, false
	case n.Tag == "!!null":
		return k.split(""), kind == reflect.String || kind == reflect.Slice
	}
	ok = k.list() || kind == reflect.String || n.Tag != "!!str" // a quoted "5" is not a number
	return k.split(n.Value), ok
}

// describe is a YAML value for a message.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "{…}"
	case yaml.SequenceNode:
		return "[…]"
	}
	return n.Value
}

func isSection(path string) bool { return slices.Contains(tree().sections, path) }
