package engine

import (
	"errors"
	"fmt"

	"github.com/euryale-ml/euryale/device"
)

// workspace is the memory that programs use while they run: one arena and one scratch
// memory on a device, as large as the largest program needs. The programs of a State and of
// its clones share it and run one at a time.
type workspace struct {
	dev            device.Device
	arena, scratch device.Buffer
	// generation counts the changes of arena and scratch; programs bound before bind anew.
	generation int
	users      int // open States; the last one frees the memory
}

// release ends a State's use of the memory.
func (w *workspace) release() error {
	if w.users--; w.users > 0 {
		return nil
	}
	return freeAll(w.arena, w.scratch)
}

// reserve makes the memory at least that large; what was large enough stays. After an error
// the memory has its former size, or a program that needs it reserves it before its run.
func (w *workspace) reserve(arena, scratch int64) error {
	before := int64(0)
	if w.scratch != nil {
		before = w.scratch.Bytes()
	}
	if err := w.grow(&w.scratch, scratch); err != nil {
		return fmt.Errorf("scratch memory: %w", err)
	}
	if err := w.grow(&w.arena, arena); err != nil {
		if w.scratch.Bytes() > before {
			err = errors.Join(err, w.shrink(&w.scratch, before))
		}
		return fmt.Errorf("memory for activations: %w", err)
	}
	return nil
}

// grow gives a buffer a size, unless it has that already. The new one is made before the
// old one is freed, so that a failure changes nothing. Where there is no room for both, the
// old one goes first, since nothing in it is needed between runs, and comes back if even
// then there is no room. Pages that nothing has touched take no memory on the processor.
func (w *workspace) grow(b *device.Buffer, bytes int64) error {
	old := *b
	if old != nil && old.Bytes() >= bytes {
		return nil
	}
	wider, err := newBuffer(w.dev, max(bytes, 64))
	if err == nil {
		return w.replace(b, wider)
	}
	if old == nil {
		return err
	}
	size := old.Bytes()
	if failed := w.replace(b, nil); failed != nil {
		return errors.Join(err, failed)
	}
	if wider, err = newBuffer(w.dev, bytes); err == nil {
		return w.replace(b, wider)
	}
	if former, failed := newBuffer(w.dev, size); failed == nil {
		err = errors.Join(err, w.replace(b, former))
	}
	return err
}

// shrink gives a buffer its former size back; 0: none.
func (w *workspace) shrink(b *device.Buffer, bytes int64) error {
	if err := w.replace(b, nil); err != nil || bytes == 0 {
		return err
	}
	former, err := newBuffer(w.dev, bytes)
	if err != nil {
		return nil // the next run reserves it
	}
	return w.replace(b, former)
}

// replace puts a buffer in the place of another one, and frees that.
func (w *workspace) replace(b *device.Buffer, by device.Buffer) error {
	old := *b
	*b = by
	w.generation++
	return freeAll(old)
}
