package checkpoint

import (
	"encoding/binary"
	"math"

	"github.com/euryale-ml/euryale/device/bfloat16"
)

// read copies the elements of a tensor out of its storage, row after row.
func (t strided) read(name string, data []byte) Tensor {
	shape := make([]int, len(t.shape))
	for i, n := range t.shape {
		shape[i] = int(n)
	}
	out := Tensor{Name: name, Shape: shape}
	w := int64(width(t.storage.dtype))
	at := func(i int64) []byte { return data[i*w:] }
	little := binary.LittleEndian
	switch t.storage.dtype {
	case "F32":
		out.Data = gather(t, func(i int64) float32 { return math.Float32frombits(little.Uint32(at(i))) })
	case "F64":
		out.Data = gather(t, func(i int64) float64 { return math.Float64frombits(little.Uint64(at(i))) })
	case "I64":
		out.Data = gather(t, func(i int64) int64 { return int64(little.Uint64(at(i))) })
	case "F16":
		out.Data = gather(t, func(i int64) float32 { return fromHalf(little.Uint16(at(i))) })
	case "BF16":
		out.Data = gather(t, func(i int64) float32 { return bfloat16.Float32(little.Uint16(at(i))) })
	}
	return out
}

// gather visits the elements of a tensor row after row.
func gather[T any](t strided, value func(i int64) T) []T {
	total := int64(1)
	for _, n := range t.shape {
		total *= n
	}
	out := make([]T, 0, total)
	if total == 0 {
		return out
	}
	if len(t.shape) == 0 {
		return append(out, value(t.offset))
	}
	index := make([]int64, len(t.shape))
	inner := len(t.shape) - 1
	for at := t.offset; ; {
		for i := range t.shape[inner] {
			out = append(out, value(at+i*t.stride[inner]))
		}
		axis := inner - 1
		for ; axis >= 0; axis-- {
			index[axis]++
			at += t.stride[axis]
			if index[axis] < t.shape[axis] {
				break
			}
			at -= t.shape[axis] * t.stride[axis]
			index[axis] = 0
		}
		if axis < 0 {
			return out
		}
	}
}
