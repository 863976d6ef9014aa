package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// Bounds on a pickle, which of a state dict is a few hundred kilobytes.
const (
	maxPickle = 64 << 20 // bytes
	maxValues = 1 << 20  // values that it makes, and that it remembers
)

// errPickle is wrapped by errors about pickles, beside ErrFormat and ErrPickle.
func errPickle(format string, args ...any) error {
	return fmt.Errorf("%w: %w: %w", ErrFormat, ErrPickle, fmt.Errorf(format, args...))
}

// Values that a pickle makes, besides nil, bool, int64, float64, string and tuple.
type (
	tuple  []any
	list   struct{ items []any }
	dict   struct{ keys, values []any }
	global struct{ module, name string } // a class or a function, by its name alone
	opaque struct{ of global }           // an object that is of no use here
	// storage is memory that tensors lie in.
	storage struct {
		dtype string // as in safetensors
		key   string
		count int64 // of elements
	}
	// strided is a tensor in a storage.
	strided struct {
		storage       storage
		offset        int64
		shape, stride []int64
	}
)

// mark separates the arguments of an operation on the stack.
type mark struct{}

// unpickler reads a pickle without running any of it: classes and functions are names, and
// of those only what a state dict is made of is taken.
type unpickler struct {
	data  []byte
	at    int
	stack []any
	memo  map[int]any
	made  int
	// persistent resolves the reference to a storage.
	persistent func(id any) (any, error)
}

var errShort = errors.New("the pickle is cut short")

// unpickle reads one pickle and returns what follows it.
func unpickle(data []byte, persistent func(id any) (any, error)) (value any, rest []byte, err error) {
	u := &unpickler{data: data, memo: map[int]any{}, persistent: persistent}
	for {
		done, err := u.step()
		if err != nil {
			return nil, nil, errPickle("at byte %d: %w", u.at, err)
		}
		if done {
			v, err := u.pop()
			if err != nil {
				return nil, nil, errPickle("at its end: %w", err)
			}
			return v, data[u.at:], nil
		}
	}
}

// take reads n bytes.
func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || n > len(u.data)-u.at {
		return nil, errShort
	}
	b := u.data[u.at : u.at+n]
	u.at += n
	return b, nil
}

// length reads a little-endian number of n bytes.
func (u *unpickler) length(n int) (int, error) {
	b, err := u.take(n)
	if err != nil {
		return 0, err
	}
	var v uint64
	for i := range b {
		v |= uint64(b[i]) << (8 * i)
	}
	if v > math.MaxInt32 {
		return 0, errShort
	}
	return int(v), nil
}

// counted reads bytes behind their number.
func (u *unpickler) counted(n int) ([]byte, error) {
	size, err := u.length(n)
	if err != nil {
		return nil, err
	}
	return u.take(size)
}

func (u *unpickler) line() (string, error) {
	i := slices.Index(u.data[u.at:], '\n')
	if i < 0 {
		return "", errShort
	}
	b, _ := u.take(i + 1)
	return string(b[:i]), nil
}

func (u *unpickler) push(v any) error {
	if u.made++; u.made > maxValues {
		return fmt.Errorf("more than %d values", maxValues)
	}
	u.stack = append(u.stack, v)
	return nil
}

var errStack = errors.New("a value is missing")

func (u *unpickler) pop() (any, error) {
	if len(u.stack) == 0 {
		return nil, errStack
	}
	v := u.stack[len(u.stack)-1]
	if _, ok := v.(mark); ok {
		return nil, errStack
	}
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

// popMark takes the values down to the mark.
func (u *unpickler) popMark() ([]any, error) {
	for i := len(u.stack) - 1; i >= 0; i-- {
		if _, ok := u.stack[i].(mark); ok {
			values := slices.Clone(u.stack[i+1:])
			u.stack = u.stack[:i]
			return values, nil
		}
	}
	return nil, errStack
}

// popN takes n values.
func (u *unpickler) popN(n int) (tuple, error) {
	values := make(tuple, n)
	for i := n - 1; i >= 0; i-- {
		var err error
		if values[i], err = u.pop(); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// step carries one operation out; done: it was the last.
func (u *unpickler) step() (done bool, err error) {
	op, err := u.take(1)
	if err != nil {
		return false, err
	}
	switch op[0] {
	case '.':
		return true, nil
	case 0x80: // protocol
		b, err := u.take(1)
		if err == nil && b[0] > 5 {
			err = fmt.Errorf("protocol %d", b[0])
		}
		return false, err
	case 0x95: // frame
		_, err := u.take(8)
		return false, err
	case '(':
		return false, u.push(mark{})
	case '0':
		_, err := u.pop()
		return false, err
	case '1':
		_, err := u.popMark()
		return false, err
	}
	if handled, err := u.constant(op[0]); handled || err != nil {
		return false, err
	}
	if handled, err := u.container(op[0]); handled || err != nil {
		return false, err
	}
	return false, u.object(op[0])
}

// constant handles the operations that push a value of their own, and the memo.
func (u *unpickler) constant(op byte) (bool, error) {
	var v any
	var err error
	var b []byte
	switch op {
	case 'N':
	case 0x88, 0x89:
		v = op == 0x88
	case 'K':
		var n int
		n, err = u.length(1)
		v = int64(n)
	case 'M':
		var n int
		n, err = u.length(2)
		v = int64(n)
	case 'J':
		if b, err = u.take(4); err == nil {
			v = int64(int32(binary.LittleEndian.Uint32(b)))
		}
	case 0x8a, 0x8b:
		if b, err = u.counted(1 + 3*int(op-0x8a)); err == nil {
			v, err = long(b)
		}
	case 'G':
		if b, err = u.take(8); err == nil {
			v = math.Float64frombits(binary.BigEndian.Uint64(b))
		}
	case 'X', 'T', 'B':
		b, err = u.counted(4)
		v = string(b)
	case 0x8c, 'U', 'C':
		b, err = u.counted(1)
		v = string(b)
	case 0x8d, 0x8e:
		b, err = u.counted(8)
		v = string(b)
	default:
		return u.remember(op)
	}
	if err != nil {
		return true, err
	}
	return true, u.push(v)
}

// long is a whole number of any length, as far as it fits; others become text.
func long(b []byte) (any, error) {
	if len(b) > 64 {
		return nil, errors.New("a number of more than 64 bytes")
	}
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	n := new(big.Int).SetBytes(reversed)
	if len(b) > 0 && b[len(b)-1]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64(), nil
	}
	return n.String(), nil
}

// remember handles the memo.
func (u *unpickler) remember(op byte) (bool, error) {
	var key int
	var err error
	switch op {
	case 'q', 'h':
		key, err = u.length(1)
	case 'r', 'j':
		key, err = u.length(4)
	case 0x94:
		key = len(u.memo)
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	if op == 'h' || op == 'j' {
		v, ok := u.memo[key]
		if !ok {
			return true, fmt.Errorf("value %d was never kept", key)
		}
		return true, u.push(v)
	}
	if len(u.stack) == 0 {
		return true, errStack
	}
	if len(u.memo) >= maxValues {
		return true, fmt.Errorf("more than %d values", maxValues)
	}
	u.memo[key] = u.stack[len(u.stack)-1]
	return true, nil
}

// container handles tuples, lists and dictionaries.
func (u *unpickler) container(op byte) (bool, error) {
	switch op {
	case ')':
		return true, u.push(tuple{})
	case ']', 0x8f: // a list or a set
		return true, u.push(&list{})
	case '}':
		return true, u.push(&dict{})
	case 0x85, 0x86, 0x87:
		t, err := u.popN(int(op-0x85) + 1)
		if err != nil {
			return true, err
		}
		return true, u.push(t)
	case 't', 0x91: // a tuple or a frozen set
		values, err := u.popMark()
		if err != nil {
			return true, err
		}
		return true, u.push(tuple(values))
	case 'a':
		v, err := u.popN(1)
		if err != nil {
			return true, err
		}
		return true, u.extend(v)
	case 'e', 0x90:
		values, err := u.popMark()
		if err != nil {
			return true, err
		}
		return true, u.extend(values)
	case 's':
		v, err := u.popN(2)
		if err != nil {
			return true, err
		}
		return true, u.set(v)
	case 'u':
		values, err := u.popMark()
		if err != nil {
			return true, err
		}
		return true, u.set(values)
	}
	return false, nil
}

func (u *unpickler) top() any {
	if len(u.stack) == 0 {
		return nil
	}
	return u.stack[len(u.stack)-1]
}

func (u *unpickler) extend(values []any) error {
	switch to := u.top().(type) {
	case *list:
		to.items = append(to.items, values...)
	case opaque:
	default:
		return fmt.Errorf("%T takes no items", to)
	}
	return nil
}

func (u *unpickler) set(values []any) error {
	if len(values)%2 != 0 {
		return errStack
	}
	switch to := u.top().(type) {
	case *dict:
		for i := 0; i < len(values); i += 2 {
			to.keys, to.values = append(to.keys, values[i]), append(to.values, values[i+1])
		}
	case opaque:
	default:
		return fmt.Errorf("%T takes no keys", to)
	}
	return nil
}
