package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Bounds on a pickle; that of a state dict has a few hundred kilobytes.
const (
	maxPickle = 256 << 20 // bytes
	maxLegacy = 64 << 20  // bytes of the pickles that precede the storages of an old file
	maxValues = 1 << 20   // values that it makes or stores in its memo
)

// errPickle is wrapped by errors about pickles, beside ErrFormat and ErrPickle.
func errPickle(format string, args ...any) error {
	return fmt.Errorf("%w: %w: %w", ErrFormat, ErrPickle, fmt.Errorf(format, args...))
}

// Values that a pickle makes, in addition to nil, bool, int64, float64, string and tuple.
type (
	tuple  []any
	list   struct{ items []any }
	dict   struct{ keys, values []any }
	global struct{ module, name string } // a class or a function: only its name
	blob   struct{ size int }            // bytes, which are not kept
	// object stands for the result of an unknown class or function. Its arguments are kept,
	// since they may contain tensors; no code is run.
	object struct {
		of    global
		args  any
		dict        // the values set by key
		items []any // the values appended
		state any
	}
	// unsupported is a tensor of an unsupported kind: sparse, quantized, without data.
	unsupported struct{ of global }
	// storage is the memory of one or more tensors.
	storage struct {
		dtype string // as in safetensors, else torch's class
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

// unpickler reads a pickle without running code: classes and functions are names. It knows the
// results of those that a state dict needs; all others make an object.
type unpickler struct {
	data   []byte
	at     int
	stack  []any
	memo   map[int]any
	made   int // number of values made
	copied int // number of values copied from one collection into another
	// persistent resolves the reference to a storage.
	persistent func(id any) (any, error)
}

var errShort = errors.New("the pickle is cut short")

// unpickle reads one pickle and returns the data after it.
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

// counted reads a length in n bytes, then that many bytes.
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
	u.stack = append(u.stack, v)
	return u.charge(1)
}

// copying counts copied values. A legitimate pickle copies each of its values at most once.
func (u *unpickler) copying(n int) error {
	if u.copied += n; u.copied > len(u.data) {
		return errors.New("it copies more values than it has")
	}
	return nil
}

// charge counts values as they are made, and refuses more than maxValues.
func (u *unpickler) charge(n int) error {
	if u.made += n; u.made > maxValues {
		return fmt.Errorf("more than %d values", maxValues)
	}
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

// popMark pops the values above the mark, and the mark.
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

// popN pops n values.
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

// step executes one operation; done: it was the last.
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
	case '2':
		if len(u.stack) == 0 {
			return false, errStack
		}
		return false, u.push(u.top())
	case 0x97:
		return false, errors.New("a part of it is outside the file")
	case 0x98: // read-only
		return false, nil
	}
	if handled, err := u.constant(op[0]); handled || err != nil {
		return false, err
	}
	if handled, err := u.text(op[0]); handled || err != nil {
		return false, err
	}
	if handled, err := u.container(op[0]); handled || err != nil {
		return false, err
	}
	return false, u.object(op[0])
}

// constant handles the operations that push a constant, and the memo.
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
			v = long(b)
		}
	case 'G':
		if b, err = u.take(8); err == nil {
			v = math.Float64frombits(binary.BigEndian.Uint64(b))
		}
	case 'X', 'T':
		b, err = u.counted(4)
		v = string(b)
	case 0x8c, 'U':
		b, err = u.counted(1)
		v = string(b)
	case 0x8d:
		b, err = u.counted(8)
		v = string(b)
	case 'B':
		b, err = u.counted(4)
		v = blob{len(b)}
	case 'C':
		b, err = u.counted(1)
		v = blob{len(b)}
	case 0x8e, 0x96:
		b, err = u.counted(8)
		v = blob{len(b)}
	default:
		return u.remember(op)
	}
	if err != nil {
		return true, err
	}
	return true, u.push(v)
}

// long decodes an integer of any length: an int64 if it fits, else a text, and a blob if it
// has more than 64 bytes.
func long(b []byte) any {
	if len(b) > 64 {
		return blob{len(b)}
	}
	reversed := slices.Clone(b)
	slices.Reverse(reversed)
	n := new(big.Int).SetBytes(reversed)
	if len(b) > 0 && b[len(b)-1]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return n.String()
}

// text handles the operations of protocol 0, whose arguments are lines.
func (u *unpickler) text(op byte) (bool, error) {
	if !slices.Contains([]byte("FILSVgp"), op) {
		return false, nil
	}
	line, err := u.line()
	if err != nil {
		return true, err
	}
	var v any = line
	switch op {
	case 'g', 'p':
		key, err := strconv.Atoi(line)
		if err != nil || key < 0 {
			return true, fmt.Errorf("value %q was never kept", clip(line))
		}
		if op == 'g' {
			return true, u.recall(key)
		}
		return true, u.keep(key)
	case 'F':
		v, err = strconv.ParseFloat(line, 64)
		if errors.Is(err, strconv.ErrRange) {
			err = nil
		}
	case 'I', 'L':
		line = strings.TrimSuffix(line, "L")
		if line == "00" || line == "01" {
			v = line == "01"
		} else if n, err := strconv.ParseInt(line, 10, 64); err == nil {
			v = n
		} else {
			v = line
		}
	case 'S':
		v = strings.Trim(line, `'"`)
	}
	if err != nil {
		return true, err
	}
	return true, u.push(v)
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
		return true, u.recall(key)
	}
	return true, u.keep(key)
}

// recall pushes the value that the memo has under a number.
func (u *unpickler) recall(key int) error {
	v, ok := u.memo[key]
	if !ok {
		return fmt.Errorf("value %d was never kept", key)
	}
	return u.push(v)
}

// keep stores the top of the stack in the memo under a number.
func (u *unpickler) keep(key int) error {
	if len(u.stack) == 0 {
		return errStack
	}
	if len(u.memo) >= maxValues {
		return fmt.Errorf("more than %d values", maxValues)
	}
	u.memo[key] = u.top()
	return nil
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
	case 'l', 'd':
		values, err := u.popMark()
		if err != nil {
			return true, err
		}
		if op == 'l' {
			return true, u.push(&list{values})
		}
		d := &dict{}
		if err := d.set(values); err != nil {
			return true, err
		}
		return true, u.push(d)
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
	case *object:
		to.items = append(to.items, values...)
	default:
		return fmt.Errorf("%s takes no items", kindOf(to))
	}
	return nil
}

func (u *unpickler) set(values []any) error {
	switch to := u.top().(type) {
	case *dict:
		return to.set(values)
	case *object:
		return to.set(values)
	default:
		return fmt.Errorf("%s takes no keys", kindOf(to))
	}
}

// set adds keys and values that follow each other.
func (d *dict) set(values []any) error {
	if len(values)%2 != 0 {
		return errStack
	}
	for i := 0; i < len(values); i += 2 {
		d.keys, d.values = append(d.keys, values[i]), append(d.values, values[i+1])
	}
	return nil
}

// get is the value of the last key that equals a text.
func (d *dict) get(key string) any {
	for i := len(d.keys) - 1; i >= 0; i-- {
		if d.keys[i] == any(key) {
			return d.values[i]
		}
	}
	return nil
}
