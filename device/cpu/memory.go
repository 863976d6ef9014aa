package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
)

// buffer is memory outside the Go heap.
type buffer struct{ bytes []byte }

// Bytes is the size.
func (b *buffer) Bytes() int64 { return int64(len(b.bytes)) }

// Free gives the memory back; kernels bound to it must not run any more.
func (b *buffer) Free() error {
	m := b.bytes
	b.bytes = nil
	if m == nil {
		return nil
	}
	return release(m)
}

// NewBuffer returns zeroed memory, aligned to a page.
func (d *Device) NewBuffer(bytes int64) (device.Buffer, error) {
	m, err := allocate(int(max(bytes, 64)))
	if err != nil {
		return nil, err
	}
	return &buffer{m}, nil
}

// Copy copies bytes between places.
func (d *Device) Copy(dst, src device.Memory, bytes int64) error {
	copy(span[byte](dst, int(bytes)), span[byte](src, int(bytes)))
	return nil
}

// span is a place seen as n elements. It panics if the place is smaller.
func span[T any](m device.Memory, n int) []T {
	var t T
	b := m.Buffer.(*buffer).bytes[m.Offset:]
	if n == 0 {
		return nil
	}
	_ = b[n*int(unsafe.Sizeof(t))-1]
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

func f32(m device.Memory, n int) []float32 { return span[float32](m, n) }
