// Package filelock keeps two processes from working in one folder. The system gives a
// lock back when its process ends, however it ends, so that none is ever stale.
package filelock

import (
	"errors"
	"fmt"
	"os"
)

// ErrLocked says that another process, or another part of this one, holds the lock.
var ErrLocked = errors.New("in use by another process")

// Lock is a lock that is held.
type Lock struct{ file *os.File }

// Acquire takes the lock that the file at path stands for, and makes the file if it is
// not there. It does not wait: a lock that is held elsewhere is ErrLocked. On systems
// that have no such locks it always succeeds.
func Acquire(path string) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Lock{f}, nil
}

// Release gives the lock back. The file stays: removing it would let two processes hold
// locks of one name. A nil Lock is released already.
func (l *Lock) Release() error {
	if l == nil || l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}
