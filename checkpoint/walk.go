package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// item is a tensor of a file whose elements have not been read.
type item struct {
	where string // keys of the dictionaries around it, each followed by border
	name  string // in the innermost of them
	dtype string // as in safetensors, else torch's name
	shape []int
	ref   any // the place of its elements; its type depends on the file's format
}

// border ends the key of a dictionary, as a dot ends a part of a name.
const border = "\x1f"

// full is the name with the keys before it.
func (i *item) full() string { return i.where + i.name }

// Bounds on the results of a walk.
const (
	maxDepth = 64       // of dictionaries within each other
	maxName  = 1024     // bytes of a key
	maxNames = 64 << 20 // bytes of all names together
)

// place is a path into an object of a pickle.
type place struct {
	above  *place
	key    string
	dotted bool // a module within a module: part of names, not a dictionary
	depth  int
}

// walker gathers the tensors in an unpickled value. It visits each value once, even if it
// occurs several times.
type walker struct {
	items []*item
	seen  map[any]bool
	bytes int
}

// itemsOf lists the tensors of a pickle's value in the order of the file.
func itemsOf(value any) ([]*item, error) {
	w := &walker{seen: map[any]bool{}}
	return w.items, w.walk(value, &place{})
}

// walk looks for tensors in a value.
func (w *walker) walk(v any, at *place) error {
	switch v := v.(type) {
	case strided, unsupported:
		return w.add(v, at)
	case *dict:
		if w.visit(v) {
			return w.dictionary(v, at)
		}
	case *list:
		if w.visit(v) {
			return w.list(v.items, at)
		}
	case tuple:
		if len(v) > 0 && w.visit(&v[0]) {
			return w.list(v, at)
		}
	case *object:
		if at.depth < maxDepth && w.visit(v) {
			within := *at
			within.depth++
			return w.object(v, &within)
		}
	}
	return nil
}

// object visits the arguments and attributes of an object.
func (w *walker) object(o *object, at *place) error {
	if err := w.walk(o.args, at); err != nil {
		return err
	}
	if err := w.dictionary(&o.dict, at); err != nil {
		return err
	}
	if err := w.list(o.items, at); err != nil {
		return err
	}
	return w.walk(o.state, at)
}

// visit reports whether a value has not been visited yet, and marks it.
func (w *walker) visit(address any) bool {
	if w.seen[address] {
		return false
	}
	w.seen[address] = true
	return true
}

func (w *walker) list(items []any, at *place) error {
	for i, v := range items {
		if err := w.below(v, at, strconv.Itoa(i), false); err != nil {
			return err
		}
	}
	return nil
}

// dictionary visits the values; if a key occurs twice, the last one counts, as in Python. The
// attributes of a module of torch.nn are its parameters, buffers and modules.
func (w *walker) dictionary(d *dict, at *place) error {
	parameters, ok := d.get("_parameters").(*dict)
	modules, ok2 := d.get("_modules").(*dict)
	if ok && ok2 {
		buffers, _ := d.get("_buffers").(*dict)
		for _, part := range []*dict{parameters, buffers, modules} {
			if part == nil || !w.visit(part) {
				continue
			}
			for i, k := range part.keys {
				if err := w.below(part.values[i], at, keyText(k), part == modules); err != nil {
					return err
				}
			}
		}
		return nil
	}
	last := make(map[string]int, len(d.keys))
	for i, k := range d.keys {
		last[keyText(k)] = i
	}
	for i, k := range d.keys {
		if key := keyText(k); last[key] == i && key != "" {
			if err := w.below(d.values[i], at, key, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// below walks into the value of a key.
func (w *walker) below(v any, at *place, key string, dotted bool) error {
	switch v.(type) {
	case strided, unsupported, *dict, *list, tuple, *object:
		if len(key) > maxName || at.depth == maxDepth {
			return nil // not a parameter's name
		}
		return w.walk(v, &place{above: at, key: key, dotted: dotted, depth: at.depth + 1})
	}
	return nil
}

// keyText is a key as part of a name; "" if it is neither a text nor a number.
func keyText(k any) string {
	switch k := k.(type) {
	case string:
		return k
	case int64:
		return strconv.FormatInt(k, 10)
	}
	return ""
}

// add records a tensor.
func (w *walker) add(v any, at *place) error {
	if at.above == nil {
		return nil // the file is this tensor
	}
	it := &item{name: at.key, ref: v}
	var above []string
	for p := at.above; p.above != nil; p = p.above {
		if p.dotted && len(above) == 0 {
			it.name = p.key + "." + it.name
		} else {
			above = append(above, p.key+border)
		}
	}
	slices.Reverse(above)
	it.where = strings.Join(above, "")
	if w.bytes += len(it.where) + len(it.name); w.bytes > maxNames {
		return errPickle("the names of its tensors have more than %d bytes", maxNames)
	}
	switch t := v.(type) {
	case unsupported:
		it.dtype = clip(t.of.String())
	case strided:
		it.dtype = t.storage.dtype
		it.shape = make([]int, len(t.shape))
		for i, n := range t.shape {
			it.shape[i] = int(n)
		}
	}
	w.items = append(w.items, it)
	return nil
}

// outline lists the outermost contents of a pickle's value, for messages.
func outline(v any) string {
	d, ok := v.(*dict)
	if o, isObject := v.(*object); isObject && len(o.keys) > 0 {
		d, ok = &o.dict, true
	}
	if !ok {
		return kindOf(v)
	}
	const few = 12
	var parts []string
	tensors, others := 0, 0
	for i, k := range d.keys {
		if _, ok := d.values[i].(strided); ok {
			tensors++
		} else if others++; others <= few {
			parts = append(parts, fmt.Sprintf("%s (%s)", clip(cmp.Or(keyText(k), kindOf(k))), kindOf(d.values[i])))
		}
	}
	if others > few {
		parts = append(parts, fmt.Sprintf("%d others", others-few))
	}
	if tensors > 0 || others == 0 {
		parts = append(parts, fmt.Sprintf("%d tensors", tensors))
	}
	return strings.Join(parts, ", ")
}
