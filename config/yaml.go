package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML writes every key, in the order of the struct, with the format version. Of the own
// settings of registered entries it writes those of trackers, those of chosen entries, and
// those that differ from their defaults. Load of it onto Default gives an equal Config.
func (c *Config) YAML() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Every setting of a run; -h all explains the keys.\nformat: %d\n\n", Format)
	c.writeStruct(&b, reflect.ValueOf(c).Elem(), "", "")
	return []byte(b.String())
}

// writeStruct writes the fields of the section of a path; sections of the top level stand
// between empty lines.
func (c *Config) writeStruct(b *strings.Builder, v reflect.Value, path, indent string) {
	section := false
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		name, value := f.Tag.Get("yaml"), v.Field(i)
		if f.Type.Kind() == reflect.Struct {
			if value.NumField() == 0 {
				fmt.Fprintf(b, "\n%s: {}\n", name)
				continue
			}
			fmt.Fprintf(b, "\n%s:\n", name)
			c.writeStruct(b, value, path+name+".", indent+"  ")
			section = true
			continue
		}
		if section {
			b.WriteByte('\n')
			section = false
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, name, yamlText(value))
	}
	c.writeOwn(b, path, indent)
}

// writeOwn writes the own settings of the entries that a key of this path chooses.
func (c *Config) writeOwn(b *strings.Builder, path, indent string) {
	for _, o := range tree().own {
		if o.parent != path || path != "" && !o.chosen(c) && !o.changed(c) {
			continue
		}
		if path == "" {
			b.WriteByte('\n')
		}
		if len(o.keys) == 0 {
			fmt.Fprintf(b, "%s%s: {}\n", indent, o.name)
			continue
		}
		fmt.Fprintf(b, "%s%s:\n", indent, o.name)
		for _, k := range o.keys {
			fmt.Fprintf(b, "%s  %s: %s\n", indent, k.Name, yamlText(k.value(c)))
		}
	}
}

func yamlText(v reflect.Value) string {
	words := elements(v)
	switch v.Kind() {
	case reflect.String:
		return quoteYAML(words[0])
	case reflect.Slice:
		for i, w := range words {
			words[i] = quoteYAML(w)
		}
	case reflect.Array:
	default:
		return words[0]
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// plainText needs no quotes in YAML, unless it is also a number, a boolean or null.
var plainText = regexp.MustCompile(`^[A-Za-z0-9_./][A-Za-z0-9_./-]*(:[0-9]+)?$`)

// quoteYAML writes a text so that YAML reads the same text. Go's escapes are
// YAML's too.
func quoteYAML(s string) string {
	if plainText.MatchString(s) {
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(s), &n); err == nil && len(n.Content) == 1 && n.Content[0].Tag == "!!str" && n.Content[0].Value == s {
			return s
		}
	}
	return strconv.Quote(s)
}
