package nn

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"gorgonia.org/gorgonia"
)

// Module is a layer, a block or a model. Forward adds it to the graph of s and
// returns its result, or nil after an error, which s keeps.
type Module interface {
	Forward(s *Scope, x *gorgonia.Node) *gorgonia.Node
}

// Child is a module with its name below its parent; the name may hold dots.
type Child struct {
	Name   string
	Module Module
}

// Parent is implemented by modules that name their children themselves. For all
// others the exported fields are the children: the name is the tag `nn:"name"`, or
// else the field's name in lower case; `nn:"-"` leaves a field out. Elements of
// slices and arrays are named by their index.
type Parent interface {
	Children() []Child
}

var moduleType = reflect.TypeFor[Module]()

// walk calls visit for every module below m, m itself first with the path "".
func walk(m Module, path string, visit func(path string, m Module) error) error {
	if err := visit(path, m); err != nil {
		return err
	}
	if p, ok := m.(Parent); ok {
		for _, c := range p.Children() {
			if err := walk(c.Module, join(path, c.Name), visit); err != nil {
				return err
			}
		}
		return nil
	}
	v := reflect.ValueOf(m)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	return walkValue(v, path, visit)
}

// walkValue looks for modules in the fields of a struct and the elements of a list.
func walkValue(v reflect.Value, path string, visit func(string, Module) error) error {
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
			if err := walkChild(v.Field(i), join(path, name), visit); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := walkChild(v.Index(i), join(path, strconv.Itoa(i)), visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// walkChild visits a field if it is a module, or looks into it if it is a list.
func walkChild(v reflect.Value, path string, visit func(string, Module) error) error {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
	case reflect.Slice, reflect.Array:
		if !reflect.PointerTo(v.Type()).Implements(moduleType) {
			return walkValue(v, path, visit)
		}
	}
	if v.Type().Implements(moduleType) && v.Kind() != reflect.Struct {
		return walk(v.Interface().(Module), path, visit)
	}
	if v.CanAddr() && v.Addr().Type().Implements(moduleType) {
		return walk(v.Addr().Interface().(Module), path, visit)
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
	of, taken := map[Module]string{}, map[string]bool{}
	err := walk(root, "", func(path string, m Module) error {
		if !reflect.TypeOf(m).Comparable() {
			return fmt.Errorf("nn: %s: %w: a %T cannot be told from another; make Forward a method of the pointer", path, ErrModule, m)
		}
		if _, seen := of[m]; !seen {
			of[m] = path
		}
		if taken[path] {
			return fmt.Errorf("nn: %w: two modules are called %q", ErrModule, path)
		}
		taken[path] = true
		return nil
	})
	return of, err
}
