package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// storages are the types of elements by torch's classes.
var storages = map[string]string{
	"FloatStorage": "F32", "DoubleStorage": "F64", "HalfStorage": "F16", "BFloat16Storage": "BF16", "LongStorage": "I64",
	"IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL",
}

// harmless are classes whose objects may lie beside a state dict, in the settings of a
// training; they are kept as names.
var harmless = []global{
	{"argparse", "Namespace"}, {"torch", "Size"}, {"torch", "device"}, {"collections", "defaultdict"}, {"pathlib", "PosixPath"},
	{"numpy", "dtype"}, {"numpy.core.multiarray", "scalar"}, {"numpy._core.multiarray", "scalar"}, {"_codecs", "encode"},
}

// allowed reports whether a name may occur.
func (g global) allowed() bool {
	switch {
	case g == global{"collections", "OrderedDict"}, g.module == "torch" && storages[g.name] != "",
		g.module == "torch._utils" && slices.Contains([]string{"_rebuild_tensor_v2", "_rebuild_tensor", "_rebuild_parameter"}, g.name),
		g.module == "torch.storage" && slices.Contains([]string{"UntypedStorage", "TypedStorage"}, g.name):
		return true
	case g.module == "torch" && slices.Contains([]string{"float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool"}, g.name):
		return true
	}
	return slices.Contains(harmless, g)
}

func (g global) String() string { return g.module + "." + g.name }

// object handles names, calls and references to storages.
func (u *unpickler) object(op byte) error {
	switch op {
	case 'c':
		module, err := u.line()
		if err != nil {
			return err
		}
		name, err := u.line()
		if err != nil {
			return err
		}
		return u.name(module, name)
	case 0x93:
		v, err := u.popN(2)
		if err != nil {
			return err
		}
		module, ok := v[0].(string)
		name, ok2 := v[1].(string)
		if !ok || !ok2 {
			return errors.New("a name that is no text")
		}
		return u.name(module, name)
	case 'R', 0x81: // a call, or a new object
		v, err := u.popN(2)
		if err != nil {
			return err
		}
		args, ok := v[1].(tuple)
		if !ok {
			return errors.New("a call without arguments")
		}
		made, err := call(v[0], args)
		if err != nil {
			return err
		}
		return u.push(made)
	case 'b': // the attributes of an object
		_, err := u.pop()
		return err
	case 'Q':
		id, err := u.pop()
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
	return fmt.Errorf("the operation %#02x is not read", op)
}

func (u *unpickler) name(module, name string) error {
	g := global{module, name}
	if !g.allowed() {
		return fmt.Errorf("it calls for %q, which is no part of a state dict and is not run", clip(g.String()))
	}
	return u.push(g)
}

// clip shortens a text of a file in an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// call makes what a function or a class of the allowed ones makes.
func call(of any, args tuple) (any, error) {
	g, ok := of.(global)
	if !ok {
		return nil, errors.New("a call of what is no function")
	}
	switch g {
	case global{"collections", "OrderedDict"}:
		return orderedDict(args)
	case global{"torch._utils", "_rebuild_tensor_v2"}, global{"torch._utils", "_rebuild_tensor"}:
		return rebuild(args)
	case global{"torch._utils", "_rebuild_parameter"}:
		if len(args) > 0 {
			if t, ok := args[0].(strided); ok {
				return t, nil
			}
		}
		return nil, errors.New("a parameter that is no tensor")
	case global{"torch", "Size"}:
		if len(args) == 1 {
			return args[0], nil
		}
	}
	return opaque{g}, nil
}

// orderedDict makes a dictionary of nothing or of pairs.
func orderedDict(args tuple) (any, error) {
	d := &dict{}
	if len(args) == 0 {
		return d, nil
	}
	pairs, ok := args[0].(*list)
	if !ok {
		return nil, errors.New("an OrderedDict of what are no pairs")
	}
	for _, item := range pairs.items {
		var pair []any
		switch p := item.(type) {
		case tuple:
			pair = p
		case *list:
			pair = p.items
		}
		if len(pair) != 2 {
			return nil, errors.New("an OrderedDict of what are no pairs")
		}
		d.keys, d.values = append(d.keys, pair[0]), append(d.values, pair[1])
	}
	return d, nil
}

// rebuild makes a tensor: storage, offset, shape, strides, and more that is of no use.
func rebuild(args tuple) (any, error) {
	bad := errors.New("a tensor whose storage, offset, shape and strides cannot be read")
	if len(args) < 4 {
		return nil, bad
	}
	s, ok := args[0].(storage)
	offset, ok2 := args[1].(int64)
	shape, ok3 := numbers(args[2])
	stride, ok4 := numbers(args[3])
	if !ok || !ok2 || !ok3 || !ok4 || offset < 0 || len(shape) != len(stride) {
		return nil, bad
	}
	return strided{s, offset, shape, stride}, nil
}

// numbers are whole numbers of at least 0 in a tuple or list.
func numbers(v any) ([]int64, bool) {
	items, ok := v.(tuple)
	if l, isList := v.(*list); isList {
		items, ok = l.items, true
	}
	if !ok {
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
func storageOf(id any) (any, error) {
	t, ok := id.(tuple)
	bad := errors.New("a reference to a storage that cannot be read")
	if !ok || len(t) < 5 || t[0] != "storage" {
		return nil, bad
	}
	class, ok := t[1].(global)
	key, ok2 := t[2].(string)
	count, ok3 := t[4].(int64)
	if !ok || !ok2 || !ok3 || count < 0 {
		return nil, bad
	}
	dtype := storages[class.name]
	if dtype == "" {
		return nil, fmt.Errorf("a storage of the class %s", class)
	}
	return storage{dtype, key, count}, nil
}

// stateDict finds the state dict in what was unpickled: itself, or what a training saved
// it under. A moving average comes before the weights that it is of, as timm has it.
func stateDict(v any) (*dict, error) {
	d, ok := v.(*dict)
	if !ok {
		return nil, errPickle("it holds no state dict but %s", kindOf(v))
	}
	for range 3 {
		if slices.ContainsFunc(d.values, func(v any) bool { _, ok := v.(strided); return ok }) {
			return d, nil
		}
		inner := (*dict)(nil)
		for _, name := range []string{"state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model_state", "model", "net", "weights"} {
			if i := slices.Index(d.keys, any(name)); i >= 0 {
				if inner, ok = d.values[i].(*dict); ok {
					break
				}
			}
		}
		if inner == nil {
			break
		}
		d = inner
	}
	return nil, errPickle("it holds no state dict: no tensor is in it")
}

func kindOf(v any) string {
	switch v := v.(type) {
	case opaque:
		return "an object of " + v.of.String()
	case strided:
		return "a single tensor"
	case *list, tuple:
		return "a list"
	}
	return fmt.Sprintf("a value of %T", v)
}

// prefixes are put before every name by wrappers of models.
var prefixes = []string{"module.", "_orig_mod.", "model."}

// withoutPrefix takes off what stands before every name.
func withoutPrefix(names []string) {
	for again := true; again; {
		again = false
		for _, p := range prefixes {
			if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !strings.HasPrefix(n, p) || n == p }) {
				for i := range names {
					names[i] = names[i][len(p):]
				}
				again = true
			}
		}
	}
}
