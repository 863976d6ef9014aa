package config

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML writes every key, in the order of the struct, with the format version.
// Load of it onto any Config gives an equal one.
func (c *Config) YAML() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Every setting of a run; -h all explains the keys.\nformat: %d\n\n", Format)
	writeStruct(&b, reflect.ValueOf(c).Elem(), "")
	return []byte(b.String())
}

// writeStruct writes the fields of a section; sections of the top level stand
// between empty lines.
func writeStruct(b *strings.Builder, v reflect.Value, indent string) {
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
			writeStruct(b, value, indent+"  ")
			section = true
			continue
		}
		if section {
			b.WriteByte('\n')
			section = false
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, name, yamlText(value))
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

// plainText needs no quotes anywhere in YAML if it is not also a number or such.
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
