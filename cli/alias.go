package cli

import (
	"flag"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/edit"
)

// flagAliases are other names of flags, as other programs have them.
var flagAliases = map[string]string{
	"output": "out", "output-dir": "out", "out-dir": "out", "save-dir": "out", "o": "out", "c": "config", "cfg": "config", "q": "quiet",
	"v": "version", "V": "version",
}

// settings rewrites flags that f does not have: --lr 1e-3 becomes -set lr=1e-3 if the name
// means a key (see config.Find), and other names of flags become the flags' own. Unknown
// flags stay.
func settings(f *flag.FlagSet, args []string) (list []string) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, given := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		switch {
		case arg == "--":
			return append(append(list, arg), args...)
		case !strings.HasPrefix(arg, "-") || name == "" || name == "h" || name == "help" || f.Lookup(name) != nil:
			list = append(list, arg)
			if x := f.Lookup(name); x != nil && arg[0] == '-' && !given && !isBool(x) && len(args) > 0 {
				list, args = append(list, args[0]), args[1:]
			}
			continue
		case flagAliases[name] != "" && f.Lookup(flagAliases[name]) != nil:
			if name = "-" + flagAliases[name]; given {
				name += "=" + value
			}
			args = append([]string{name}, args...)
			continue
		case f.Lookup("set") == nil || nearFlag(f, name):
			list = append(list, arg)
			continue
		}
		key, kind, negated := flagKey(name)
		if key == "" {
			list = append(list, arg)
			continue
		}
		if !given {
			value, args = valueOf(kind, args)
		}
		if negated {
			name, value = name[len("no-"):], "false"
		}
		list = append(list, "-set", name+"="+value)
	}
	return list
}

// nearFlag reports whether a flag was probably meant, one letter away.
func nearFlag(f *flag.FlagSet, name string) (near bool) {
	f.VisitAll(func(x *flag.Flag) {
		near = near || len(name) > 3 && edit.Distance(name, x.Name) == 1
	})
	return near
}

// isBool reports whether a flag needs no value.
func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// flagKey is the key that a flag means, or ""; negated: the flag is no-KEY, which is false.
func flagKey(name string) (key string, kind reflect.Kind, negated bool) {
	kindOf := func(key string) reflect.Kind {
		for _, k := range config.Keys() {
			if k.Path == key {
				return k.Kind
			}
		}
		return reflect.Invalid
	}
	if key, err := config.Find(name); err == nil {
		return key, kindOf(key), false
	}
	if rest, ok := strings.CutPrefix(strings.ReplaceAll(name, "_", "-"), "no-"); ok {
		if key, err := config.Find(rest); err == nil && kindOf(key) == reflect.Bool {
			return key, reflect.Bool, true
		}
	}
	return "", reflect.Invalid, false
}

// keyHint is a hint for an unknown flag: the key of -set that it may mean, or "".
func keyHint(name string) string {
	_, err := config.Find(name)
	if err == nil {
		return ""
	}
	text := strings.TrimPrefix(err.Error(), "config: ")
	if !strings.HasPrefix(text, "unknown key") { // it may mean several keys, or the hint is in the text
		return text
	}
	if key, err := config.Find(name[strings.LastIndexByte(name, '.')+1:]); err == nil { // a key of another section
		return "did you mean -set " + key + "=…?"
	}
	keyOf, names := map[string]string{}, []string(nil)
	for _, k := range config.Keys() {
		word := k.Path[strings.LastIndexByte(k.Path, '.')+1:]
		for _, n := range append(config.Aliases(k.Path), word, k.Path) {
			keyOf[n] = k.Path
			names = append(names, n)
		}
	}
	if near := nearest(strings.ReplaceAll(name, "-", "_"), names); near != "" {
		return "did you mean -set " + keyOf[near] + "=…?"
	}
	return ""
}

// valueOf removes the value of a flag from the arguments: all following numbers for a list,
// true, false or nothing for a bool.
func valueOf(kind reflect.Kind, args []string) (value string, rest []string) {
	switch {
	case kind == reflect.Bool:
		if len(args) > 0 && (strings.EqualFold(args[0], "true") || strings.EqualFold(args[0], "false")) {
			return args[0], args[1:]
		}
		return "true", args
	case len(args) == 0 || strings.HasPrefix(args[0], "-") && !startsWithNumber(args[0]): // another flag
		return "", args
	case kind != reflect.Array:
		return args[0], args[1:]
	}
	n := 1
	for n < len(args) {
		if _, err := strconv.ParseFloat(args[n], 64); err != nil {
			break
		}
		n++
	}
	return strings.Join(args[:n], ","), args[n:]
}

func startsWithNumber(s string) bool {
	s, _, _ = strings.Cut(s, ",")
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// printNotes prints the keys that were typed under other names.
func (n *session) printNotes() {
	for _, note := range n.flags.notes {
		n.info("note: %s", note)
	}
}

// knownKeys replaces other names in -set by the keys, with a note for each. A key that is
// given under two names is an error.
func knownKeys(sets words) (known words, notes []string, err error) {
	typed := map[string]string{}
	for _, s := range sets {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, nil, usagef("-set %s: want key=value", s)
		}
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		key, err := config.Find(name)
		if err != nil {
			return nil, nil, usagef("-set %s: %w", s, err)
		}
		if before, twice := typed[key]; twice && before != name {
			return nil, nil, usagef("-set %s and -set %s: both are %s; give one of them", before, name, key)
		}
		if typed[key] == "" && name != key {
			notes = append(notes, fmt.Sprintf("%s is the key %s%s", name, key, besides[key]))
		}
		if key == "model.weights" && name != key && (value == "" || strings.EqualFold(value, "true") || value == "1") {
			return nil, nil, usagef("%s: %s wants the file or the run to start from, such as -set %s=resnet50.pth", name, key, key)
		}
		typed[key] = name
		known = append(known, key+"="+value)
	}
	return known, notes, nil
}

// besides are additions to the notes on keys that have other names elsewhere.
var besides = map[string]string{
	"data.crop": "; test images are resized to data.resize first",
	"data.root": "; which set it holds is data.set",
}
