package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/sysmem"
)

// buffer is memory outside the Go heap.
type buffer struct {
	bytes   []byte
	queue   *queue // pending work of it may use the memory
	staging bool
}

// Bytes is the size.
func (b *buffer) Bytes() int64 { return int64(len(b.bytes)) }

// Free waits for pending work and releases the memory.
func (b *buffer) Free() error {
	b.queue.flush() // Wait returns its fault, if any
	m := b.bytes
	b.bytes = nil
	if m == nil {
		return nil
	}
	return release(m)
}

// NewBuffer returns zeroed memory, aligned to a page.
func (d *Device) NewBuffer(bytes int64) (device.Buffer, error) { return d.newBuffer(bytes, false) }

// NewStaging is NewBuffer, but Upload and Download of places in it do not wait for a
// pending run.
func (d *Device) NewStaging(bytes int64) (device.Buffer, error) { return d.newBuffer(bytes, true) }

func (d *Device) newBuffer(bytes int64, staging bool) (device.Buffer, error) {
	m, err := allocate(int(max(bytes+63, 64)) &^ 63)
	if err != nil {
		return nil, err
	}
	return &buffer{m, &d.queue, staging}, nil
}

// FreeMemory is the memory that the system, control groups and limits leave free.
func (d *Device) FreeMemory() (bytes int64, ok bool) {
	if bounds := sysmem.Bounds(); len(bounds) > 0 {
		return bounds[0].Free, true
	}
	return 0, false
}

// Copy copies bytes between places: in a run in the order of enqueueing, outside at once.
func (d *Device) Copy(dst, src device.Memory, bytes int64) error {
	return d.copy(span[byte](dst, int(bytes)), span[byte](src, int(bytes)))
}

// ready waits until a place can be read or written.
func (d *Device) ready(m device.Memory) error {
	if m.Buffer.(*buffer).staging {
		return nil
	}
	return d.flush()
}

// span is a place as a slice of n elements. It panics if the place is smaller.
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
