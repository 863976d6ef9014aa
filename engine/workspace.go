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
	// generation counts the replacements of arena and scratch; a program bound before the last
	// one binds its kernels again.
	generation int
	users      int // open States; the last one frees the memory
}

// release records that a State no longer uses the memory; the last one frees it.
func (w *workspace) release() error {
	if w.users--; w.users > 0 {
		return nil
	}
	return freeAll(w.arena, w.scratch)
}

// reserve makes arena and scratch at least that large; a buffer that is large enough is kept.
// After an error they have their former sizes, or programs reserve them again before they run.
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

// grow replaces a buffer by one of the given size, if it is smaller. The new one is made before
// the old one is freed, so that a failure changes nothing. Where both do not fit, the old one is
// freed first, since its contents are not needed between runs, and made again if even then
// there is no room. On the processor, pages that were never written take no memory.
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

// shrink restores a buffer's former size; 0 means no buffer.
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

// replace sets *b to another buffer and frees the old one.
func (w *workspace) replace(b *device.Buffer, by device.Buffer) error {
	old := *b
	*b = by
	w.generation++
	return freeAll(old)
}
