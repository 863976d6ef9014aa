package tensorboard

import (
	"encoding/binary"
	"math"
)

// message is an encoded protocol buffer: fields behind each other. TensorBoard's files
// need so few of them that the encoding is written out here.
type message []byte

const (
	varintType = 0
	fixed64    = 1
	bytesType  = 2
	fixed32    = 5
)

func (m message) key(field, kind int) message {
	return binary.AppendUvarint(m, uint64(field)<<3|uint64(kind))
}

// integer adds a number; 0 is the default and is left out.
func (m message) integer(field int, v int64) message {
	if v == 0 {
		return m
	}
	return binary.AppendUvarint(m.key(field, varintType), uint64(v))
}

func (m message) double(field int, v float64) message {
	return binary.LittleEndian.AppendUint64(m.key(field, fixed64), math.Float64bits(v))
}

func (m message) float(field int, v float32) message {
	return binary.LittleEndian.AppendUint32(m.key(field, fixed32), math.Float32bits(v))
}

// bytes adds a text, bytes or a message, also an empty one.
func (m message) bytes(field int, v []byte) message {
	return append(binary.AppendUvarint(m.key(field, bytesType), uint64(len(v))), v...)
}

func (m message) text(field int, v string) message { return m.bytes(field, []byte(v)) }

// field is one of a message that is read.
type field struct {
	number int
	kind   int
	value  uint64 // of the number types
	bytes  []byte // of bytesType
}

// fields reads the fields of a message; false: it is none.
func (m message) fields() (list []field, ok bool) {
	for len(m) > 0 {
		key, n := binary.Uvarint(m)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return nil, false
		}
		m = m[n:]
		f := field{number: int(key >> 3), kind: int(key & 7)}
		switch f.kind {
		case varintType:
			if f.value, n = binary.Uvarint(m); n <= 0 {
				return nil, false
			}
			m = m[n:]
		case fixed64, fixed32:
			size := 8
			if f.kind == fixed32 {
				size = 4
			}
			if len(m) < size {
				return nil, false
			}
			for i := range size {
				f.value |= uint64(m[i]) << (8 * i)
			}
			m = m[size:]
		case bytesType:
			size, n := binary.Uvarint(m)
			if n <= 0 || size > uint64(len(m)-n) {
				return nil, false
			}
			f.bytes, m = m[n:n+int(size)], m[n+int(size):]
		default:
			return nil, false
		}
		list = append(list, f)
	}
	return list, true
}
