// Package wire reads and writes the parts of protocol buffers that TensorBoard's events and
// ONNX need.
package wire

import (
	"encoding/binary"
	"math"
)

// Message is an encoded protocol buffer: consecutive fields.
type Message []byte

// Kinds of fields.
const (
	Varint  = 0
	Fixed64 = 1
	Length  = 2 // a text, bytes, or a Message
	Fixed32 = 5
)

// Key begins a field.
func (m Message) Key(field, kind int) Message {
	return binary.AppendUvarint(m, uint64(field)<<3|uint64(kind))
}

// Int adds a number; 0 is the default and is left out.
func (m Message) Int(field int, v int64) Message {
	if v == 0 {
		return m
	}
	return binary.AppendUvarint(m.Key(field, Varint), uint64(v))
}

// Double adds a float64.
func (m Message) Double(field int, v float64) Message {
	return binary.LittleEndian.AppendUint64(m.Key(field, Fixed64), math.Float64bits(v))
}

// Float adds a float32.
func (m Message) Float(field int, v float32) Message {
	return binary.LittleEndian.AppendUint32(m.Key(field, Fixed32), math.Float32bits(v))
}

// Bytes adds a text, bytes or a Message, also an empty one.
func (m Message) Bytes(field int, v []byte) Message {
	return append(binary.AppendUvarint(m.Key(field, Length), uint64(len(v))), v...)
}

// Text adds a text, also an empty one.
func (m Message) Text(field int, v string) Message { return m.Bytes(field, []byte(v)) }

// Field is a field of a message that is read.
type Field struct {
	Number int
	Kind   int
	Value  uint64 // of the number types
	Bytes  []byte // of Length
}

// Fields reads the fields of a message; false: the bytes are not a message.
func (m Message) Fields() (list []Field, ok bool) {
	for len(m) > 0 {
		key, n := binary.Uvarint(m)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return nil, false
		}
		m = m[n:]
		f := Field{Number: int(key >> 3), Kind: int(key & 7)}
		switch f.Kind {
		case Varint:
			if f.Value, n = binary.Uvarint(m); n <= 0 {
				return nil, false
			}
			m = m[n:]
		case Fixed64, Fixed32:
			size := 8
			if f.Kind == Fixed32 {
				size = 4
			}
			if len(m) < size {
				return nil, false
			}
			for i := range size {
				f.Value |= uint64(m[i]) << (8 * i)
			}
			m = m[size:]
		case Length:
			size, n := binary.Uvarint(m)
			if n <= 0 || size > uint64(len(m)-n) {
				return nil, false
			}
			f.Bytes, m = m[n:n+int(size)], m[n+int(size):]
		default:
			return nil, false
		}
		list = append(list, f)
	}
	return list, true
}
