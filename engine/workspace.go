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

// reserve makes the memory at least that large. What is new is there before what
// is old is freed, so that a failure changes nothing and the programs bound before still
// run. Old and new together need address space, or commit charge on Windows, for both;
// pages of the new one that nothing has touched yet take no memory.
func (w *workspace) reserve(arena, scratch int64) error {
	wider, err := w.wider(w.arena, arena)
	if err != nil {
		return fmt.Errorf("memory for activations: %w", err)
	}
	wide, err := w.wider(w.scratch, scratch)
	if err != nil {
		if wider != w.arena {
			err = errors.Join(err, wider.Free())
		}
		return fmt.Errorf("scratch memory: %w", err)
	}
	old := []device.Buffer{w.arena, w.scratch}
	w.arena, w.scratch = wider, wide
	for i, b := range []device.Buffer{wider, wide} {
		if b == old[i] {
			continue
		}
		w.generation++
		if old[i] != nil {
			err = errors.Join(err, old[i].Free())
		}
	}
	return err
}

// wider is b if it has the size, else a new buffer.
func (w *workspace) wider(b device.Buffer, bytes int64) (device.Buffer, error) {
	if b != nil && b.Bytes() >= bytes {
		return b, nil
	}
	return newBuffer(w.dev, max(bytes, 64))
}
