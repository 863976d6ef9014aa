package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/edit"
)

// Key is what is known of one dotted key.
type Key struct {
	Path      string // such as "optim.lr"
	Default   string // as Set takes it
	Range     string // what this build allows, in words
	Meaning   string
	Resumable bool         // may change when a run is resumed
	Kind      reflect.Kind // of the value in Config: a number's, String, Bool, or Array and Slice for lists
	Words     []string     // those that this build takes, or may be in its list; nil: any text or number
}

// Keys lists every key in the order of the YAML. known names the models, sets and
// devices that there are.
func Keys(known ...Known) []Key {
	c := Default()
	list := make([]Key, len(keys))
	for i, k := range keys {
		words := k.offered(known...)
		list[i] = Key{k.path, k.get(&c), k.wantsOf(words), k.help, k.resumable, k.kind.Kind(), slices.Clone(words)}
	}
	return list
}

// key is a leaf of the tree of Config.
type key struct {
	path      string
	index     []int // of reflect's FieldByIndex
	kind      reflect.Type
	interval  *interval
	words     []string // oneof
	absent    []string // words that other builds have; N stands for a number
	names     string   // which list of Known
	help      string
	resumable bool
	anyOrder  bool // a pair need not be low,high
}

// keys are all leaves in order, and sections the paths above them.
var (
	keys     []*key
	sections []string
	byPath   = map[string]*key{}
)

func init() { walk(reflect.TypeFor[Config](), "", nil) }

// walk gathers the keys of a struct from its fields' tags.
func walk(t reflect.Type, prefix string, index []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		path, at := prefix+f.Tag.Get("yaml"), append(slices.Clone(index), i)
		if f.Type.Kind() == reflect.Struct {
			sections = append(sections, path)
			walk(f.Type, path+".", at)
			continue
		}
		k := &key{
			path: path, index: at, kind: f.Type, names: f.Tag.Get("names"), help: f.Tag.Get("help"),
			resumable: f.Tag.Get("resume") == "free", anyOrder: f.Tag.Get("order") == "any",
		}
		k.words, k.absent = listOf(f.Tag.Get("oneof")), listOf(f.Tag.Get("absent"))
		if r := f.Tag.Get("range"); r != "" {
			k.interval = parseInterval(r)
		}
		keys = append(keys, k)
		byPath[path] = k
	}
}

// listOf splits a tag's words at commas; nil if there are none.
func listOf(tag string) []string {
	if tag == "" {
		return nil
	}
	return strings.Split(tag, ",")
}

// field is where the key's value lives in c.
func (k *key) field(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(k.index) }

// find returns the key of a path, or an error that names the nearest one.
func find(path string) (*key, error) {
	if k := byPath[path]; k != nil {
		return k, nil
	}
	if slices.Contains(sections, path) {
		return nil, &keyError{fmt.Sprintf("%s is a section, not a key; %s", path, keysBelow(path)), ErrType}
	}
	return nil, unknown(path)
}

// unknown is the error for a key that there is not, with the keys that may be meant.
func unknown(path string) error {
	last := plainName(path[strings.LastIndexByte(path, '.')+1:])
	if list := several[last]; list != nil {
		return &keyError{fmt.Sprintf("unknown key %s; it may mean %s", path, strings.Join(list, ", ")), ErrUnknownKey}
	}
	if hint := instead[last]; hint != "" {
		return &keyError{fmt.Sprintf("unknown key %s: %s", path, hint), ErrUnknownKey}
	}
	return &keyError{fmt.Sprintf("unknown key %s; the nearest known key is %s", path, nearest(path)), ErrUnknownKey}
}

func keysBelow(section string) string {
	var below []string
	for _, k := range keys {
		if name, ok := strings.CutPrefix(k.path, section+"."); ok {
			below = append(below, name)
		}
	}
	if len(below) == 0 {
		return "it has no keys"
	}
	return "its keys are " + strings.Join(below, ", ")
}

// nearest is the known key that looks most like path: the one with the same last word if
// there is just one, else the one that has it as another name, else the fewest edits away,
// and of these the one that begins alike. It is a section where path is one but for two
// letters at most.
func nearest(path string) string {
	last := path[strings.LastIndexByte(path, '.')+1:]
	var same []string
	best, distance := "", 1<<30
	candidates := slices.DeleteFunc(slices.Clone(sections), func(s string) bool { return edit.Distance(path, s) > 2 })
	for _, k := range keys {
		candidates = append(candidates, k.path)
		if strings.HasSuffix("."+k.path, "."+last) {
			same = append(same, k.path)
		}
	}
	if len(same) == 1 {
		return same[0]
	}
	if key := byAlias[plainName(last)]; key != "" {
		return key
	}
	for _, c := range candidates {
		d := edit.Distance(path, c)
		if !strings.Contains(path, ".") { // a bare word may mean a key of any section
			d = min(d, edit.Distance(path, c[strings.LastIndexByte(c, '.')+1:])+1)
		}
		if d < distance || d == distance && common(path, c) > common(path, best) {
			best, distance = c, d
		}
	}
	for _, a := range aliases {
		for name := range strings.FieldsSeq(a.names) {
			if d := edit.Distance(last, name) + 1; d < distance {
				best, distance = a.key, d
			}
		}
	}
	return best
}

// nearestWord is the one of words that is the fewest edits away from word.
func nearestWord(word string, words []string) string {
	return slices.MinFunc(words, func(a, b string) int {
		return cmp.Or(edit.Distance(word, a)-edit.Distance(word, b), common(word, b)-common(word, a))
	})
}

// common is the length of the beginning that two strings share.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
