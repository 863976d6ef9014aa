package checkpoint

import (
	"errors"
	"fmt"
	"slices"
)

// storages are the types of elements by torch's classes.
var storages = map[string]string{
	"FloatStorage": "F32", "DoubleStorage": "F64", "HalfStorage": "F16", "BFloat16Storage": "BF16", "LongStorage": "I64",
	"IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL",
	"ComplexFloatStorage": "C64", "ComplexDoubleStorage": "C128", "UntypedStorage": "U8",
	"QInt8Storage": "QI8", "QUInt8Storage": "QU8", "QInt32Storage": "QI32",
}

func (g global) String() string { return g.module + "." + g.name }

// object handles names, calls and references to storages.
func (u *unpickler) object(op byte) error {
	switch op {
	case 'c', 'i':
		return u.named(op == 'i')
	case 0x93:
		v, err := u.popN(2)
		if err != nil {
			return err
		}
		module, _ := v[0].(string)
		name, _ := v[1].(string)
		return u.push(global{module, name})
	case 'R', 0x81: // a call, or a new object
		v, err := u.popN(2)
		if err != nil {
			return err
		}
		return u.call(v[0], v[1])
	case 0x92: // a new object by positional and named arguments
		v, err := u.popN(3)
		if err != nil {
			return err
		}
		return u.push(&object{of: nameOf(v[0]), args: tuple{v[1], v[2]}})
	case 'o':
		v, err := u.popMark()
		if err != nil || len(v) == 0 {
			return errStack
		}
		return u.call(v[0], tuple(v[1:]))
	case 'b':
		state, err := u.pop()
		if err != nil {
			return err
		}
		if o, ok := u.top().(*object); ok {
			o.state = state
		} // a dictionary's attributes, such as _metadata of a state dict, are not needed
		return nil
	case 'P', 'Q':
		return u.reference(op == 'P')
	case 0x82, 0x83, 0x84: // a class of Python's extension registry, which is not in the file
		_, err := u.take(1 << (op - 0x82))
		if err != nil {
			return err
		}
		return u.push(global{"copyreg", "extension"})
	}
	return fmt.Errorf("the operation %#02x is not read", op)
}

// named reads the name of a class or function; instance: it is called with the values above
// the mark.
func (u *unpickler) named(instance bool) error {
	module, err := u.line()
	if err != nil {
		return err
	}
	name, err := u.line()
	if err != nil {
		return err
	}
	if !instance {
		return u.push(global{module, name})
	}
	args, err := u.popMark()
	if err != nil {
		return err
	}
	return u.call(global{module, name}, tuple(args))
}

// reference handles references to data outside the pickle: storages. Others become objects.
func (u *unpickler) reference(line bool) (err error) {
	var id any
	if line {
		id, err = u.line()
	} else {
		id, err = u.pop()
	}
	if err != nil {
		return err
	}
	if u.persistent == nil {
		return errors.New("a reference to a storage where none can be")
	}
	v, err := u.persistent(id)
	if err != nil {
		return err
	}
	return u.push(v)
}

// nameOf is the class or function that a value is, or that would make it.
func nameOf(v any) global {
	switch v := v.(type) {
	case global:
		return v
	case *object:
		return v.of
	}
	return global{"", kindOf(v)}
}

// clip shortens a text from a file for an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// call pushes the result of a known function or class (dictionaries, tensors, shapes), else an
// object. No code is run.
func (u *unpickler) call(of, with any) error {
	g := nameOf(of)
	args, _ := with.(tuple)
	if n := rebuilds[g]; n.make != nil {
		return u.push(n.make(g, args))
	}
	switch g {
	case global{"collections", "OrderedDict"}, global{"builtins", "dict"}, global{"__builtin__", "dict"}:
		return u.dictOf(args)
	case global{"torch", "Size"}:
		if len(args) == 1 {
			return u.push(args[0])
		}
	case global{"torch._tensor", "_rebuild_from_type_v2"}: // a subclass: function, class, arguments, attributes
		if len(args) == 4 {
			if n := rebuilds[nameOf(args[0])]; n.make != nil {
				inner, _ := args[2].(tuple)
				return u.push(n.make(g, inner))
			}
		}
	case global{"numpy._core.multiarray", "_reconstruct"}, global{"numpy.core.multiarray", "_reconstruct"},
		global{"copyreg", "_reconstructor"}, global{"copy_reg", "_reconstructor"}, global{"copyreg", "__newobj__"}:
		if len(args) > 0 {
			g = nameOf(args[0])
		}
	}
	return u.push(&object{of: g, args: with})
}

// dictOf makes an empty dictionary, a copy of another, or one of pairs.
func (u *unpickler) dictOf(args tuple) error {
	d := &dict{}
	if len(args) == 0 {
		return u.push(d)
	}
	switch from := args[0].(type) {
	case *dict:
		if err := u.copying(len(from.keys)); err != nil {
			return err
		}
		d.keys, d.values = slices.Clone(from.keys), slices.Clone(from.values)
	case *list:
		if err := u.copying(len(from.items)); err != nil {
			return err
		}
		d.keys, d.values = make([]any, 0, len(from.items)), make([]any, 0, len(from.items))
		for _, item := range from.items {
			var pair []any
			switch p := item.(type) {
			case tuple:
				pair = p
			case *list:
				pair = p.items
			}
			if len(pair) == 2 {
				d.keys, d.values = append(d.keys, pair[0]), append(d.values, pair[1])
			}
		}
	}
	return u.push(d)
}

// rebuilder makes a tensor from the arguments of one of torch's functions.
type rebuilder struct {
	make func(g global, args tuple) any
}

var rebuilds = map[global]rebuilder{
	{"torch._utils", "_rebuild_tensor_v2"}:                     {rebuild},
	{"torch._utils", "_rebuild_tensor"}:                        {rebuild},
	{"torch._utils", "_rebuild_tensor_v3"}:                     {rebuildTyped},
	{"torch._utils", "_rebuild_parameter"}:                     {first},
	{"torch._utils", "_rebuild_parameter_with_state"}:          {first},
	{"torch._utils", "_rebuild_sparse_tensor"}:                 {unread},
	{"torch._utils", "_rebuild_sparse_csr_tensor"}:             {unread},
	{"torch._utils", "_rebuild_nested_tensor"}:                 {unread},
	{"torch._utils", "_rebuild_qtensor"}:                       {unread},
	{"torch._utils", "_rebuild_meta_tensor_no_storage"}:        {unread},
	{"torch._utils", "_rebuild_wrapper_subclass"}:              {unread},
	{"torch._utils", "_rebuild_device_tensor_from_numpy"}:      {unread},
	{"torch._utils", "_rebuild_device_tensor_from_cpu_tensor"}: {first},
}

func unread(g global, _ tuple) any { return unsupported{g} }

// first returns its first argument: the tensor of a parameter.
func first(g global, args tuple) any {
	if len(args) > 0 {
		switch t := args[0].(type) {
		case strided, unsupported:
			return t
		}
	}
	return unsupported{g}
}

// rebuild makes a tensor from storage, offset, shape and strides; further arguments are
// ignored.
func rebuild(g global, args tuple) any {
	if len(args) < 4 {
		return unsupported{g}
	}
	s, ok := args[0].(storage)
	offset, ok2 := args[1].(int64)
	shape, ok3 := numbers(args[2])
	stride, ok4 := numbers(args[3])
	if !ok || !ok2 || !ok3 || !ok4 || offset < 0 || len(shape) != len(stride) {
		return unsupported{g}
	}
	return strided{s, offset, shape, stride}
}

// rebuildTyped makes a tensor in a storage of bytes, whose type is the seventh argument.
func rebuildTyped(g global, args tuple) any {
	if len(args) < 7 {
		return unsupported{g}
	}
	t, ok := rebuild(g, args).(strided)
	if !ok {
		return unsupported{g}
	}
	name := nameOf(args[6]).name
	t.storage.dtype = map[string]string{"float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "int64": "I64"}[name]
	w := int64(width(t.storage.dtype))
	if w == 0 {
		return unsupported{global{"torch", name}}
	}
	t.storage.count /= w
	return t
}

// maxAxes bounds the axes of a tensor, as torch does.
const maxAxes = 64

// numbers are the integers of at least 0 in a tuple or list.
func numbers(v any) ([]int64, bool) {
	items, ok := v.(tuple)
	if l, isList := v.(*list); isList {
		items, ok = l.items, true
	}
	if !ok || len(items) > maxAxes {
		return nil, false
	}
	out := make([]int64, len(items))
	for i, item := range items {
		n, ok := item.(int64)
		if !ok || n < 0 {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// storageOf reads the reference to a storage: ("storage", class, key, device, elements).
// Others, such as the class of a module in old files, make an object.
func storageOf(id any) (any, error) {
	t, ok := id.(tuple)
	if !ok || len(t) < 2 || t[0] != "storage" {
		if ok && len(t) > 1 && t[0] == "module" { // ("module", class, file, source)
			return nameOf(t[1]), nil
		}
		return &object{of: global{"", "reference"}}, nil
	}
	if len(t) < 5 {
		return nil, errors.New("a reference to a storage that cannot be read")
	}
	key, ok2 := t[2].(string)
	count, ok3 := t[4].(int64)
	if !ok2 || !ok3 || count < 0 {
		return nil, errors.New("a reference to a storage that cannot be read")
	}
	class := nameOf(t[1])
	dtype := storages[class.name]
	if dtype == "" {
		dtype = clip(class.String())
	}
	if len(t) > 5 && t[5] != nil { // a part of another storage, as torch before 0.4 wrote
		dtype = "a view of a storage"
	}
	return storage{dtype, key, count}, nil
}

// kindOf describes a value in a few words.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case *object:
		return "an object of " + clip(v.of.String())
	case unsupported:
		return "a tensor of " + clip(v.of.String())
	case global:
		return clip(v.String())
	case strided:
		return "a tensor"
	case storage:
		return "a storage"
	case *dict:
		return fmt.Sprintf("a dictionary of %d", len(v.keys))
	case *list:
		return fmt.Sprintf("a list of %d", len(v.items))
	case tuple:
		return fmt.Sprintf("a tuple of %d", len(v))
	case blob:
		return "bytes"
	case string:
		return "a text"
	case bool:
		return "a truth value"
	case int64, float64:
		return "a number"
	}
	return "a mark"
}
