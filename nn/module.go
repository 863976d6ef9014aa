package nn

import (
	"reflect"
	"strconv"
	"strings"

	"gorgonia.org/gorgonia"
)

// Module is a layer, a block or a model. Forward adds it to the graph of s and
// returns its result, or nil after an error, which s records.
type Module interface {
	Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node
}

// Child is a module with its name within its parent. The name may contain dots; a child
// without one shares its parent's path, so that its own children appear beside the
// parent's others.
type Child struct {
	Name   string
	Module Module
}

// Parent is implemented by modules that name their children themselves. For all
// others the exported fields are the children: the name is the tag `nn:"name"`, or
// else the field's name in lower case; `nn:"-"` leaves a field out. Elements of
// slices and arrays are named by their index, and embedded modules share their
// parent's path. Children that are nil are left out.
type Parent interface {
	Children() []Child
}

var moduleType = reflect.TypeFor[Module]()

// walker visits the modules below a root.
type walker struct {
	visit func(path string, m Module) error
	way   map[Module]bool // the ancestors of the current module, and itself
}

// walk calls visit for m with its path, and for every module below it.
func (w *walker) walk(m Module, path string) error {
	if isNil(m) {
		return nil
	}
	if !reflect.TypeOf(m).Comparable() {
		return errorf(path, ErrModule, "values of %T cannot be distinguished; make Forward a method of the pointer", m)
	}
	if w.way[m] {
		return errorf(path, ErrModule, "the %T contains itself", m)
	}
	w.way[m] = true
	defer delete(w.way, m)
	if err := w.visit(path, m); err != nil {
		return err
	}
	if p, ok := m.(Parent); ok {
		for _, c := range p.Children() {
			if err := w.walk(c.Module, join(path, c.Name)); err != nil {
				return err
			}
		}
		return nil
	}
	v := reflect.ValueOf(m)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return w.value(v, path)
}

func isNil(m Module) bool {
	if m == nil {
		return true
	}
	v := reflect.ValueOf(m)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// value looks for modules in the fields of a struct and the elements of a list.
func (w *walker) value(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name := f.Tag.Get("nn")
			if !f.IsExported() || name == "-" {
				continue
			}
			if name == "" && !f.Anonymous {
				name = strings.ToLower(f.Name)
			}
			if err := w.child(v.Field(i), join(path, name), f.Anonymous); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := w.child(v.Index(i), join(path, strconv.Itoa(i)), false); err != nil {
				return err
			}
		}
	}
	return nil
}

// child walks a field if it is a module, or looks into it if it is a list or embedded.
func (w *walker) child(v reflect.Value, path string, embedded bool) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
	case reflect.Slice, reflect.Array:
		if !reflect.PointerTo(v.Type()).Implements(moduleType) {
			return w.value(v, path)
		}
	}
	if v.Type().Implements(moduleType) && v.Kind() != reflect.Struct {
		return w.walk(v.Interface().(Module), path)
	}
	if v.CanAddr() && v.Addr().Type().Implements(moduleType) {
		return w.walk(v.Addr().Interface().(Module), path)
	}
	if embedded { // a struct that only holds modules
		return w.value(reflect.Indirect(v), path)
	}
	return nil
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

// paths names every module below root by its address.
func paths(root Module) (map[Module]string, error) {
	of, owner := map[Module]string{}, map[string]Module{}
	w := walker{way: map[Module]bool{}}
	w.visit = func(path string, m Module) error {
		if _, seen := of[m]; !seen {
			of[m] = path
		}
		// One that embeds another shares its path.
		if first := owner[path]; first != nil && !w.way[first] {
			return errorf(path, ErrModule, "two modules have this name, a %T and a %T", first, m)
		}
		if owner[path] == nil {
			owner[path] = m
		}
		return nil
	}
	return of, w.walk(root, "")
}
