// Package filelock keeps two processes from working in one folder. The system releases a lock
// when its process ends, even by a kill, so that locks are never stale.
package filelock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// ErrLocked is returned when another process, or another part of this one, holds the lock.
var ErrLocked = errors.New("in use by another process")

// Lock is a held lock.
type Lock struct {
	path string
	file *os.File
	info fs.FileInfo // of file
}

// held are the locks of this process. A second Acquire of one of them fails on every
// system and file system, even if the system has no locks.
var held struct {
	sync.Mutex
	locks []*Lock
}

// maxTries bounds the number of times that Acquire starts again because the file was removed.
const maxTries = 100

// Acquire takes the lock of the file at path, and creates the file if it does not exist. It
// does not wait: if the lock is held, the error is ErrLocked. A missing folder is
// fs.ErrNotExist. On systems and network file systems without such locks, only other parts of
// this process are kept out.
//
// The file at path may be removed between opening and locking it, by Remove of its last
// holder; the lock of a removed file would not keep others out. Acquire then starts again.
func Acquire(path string) (*Lock, error) {
	for range maxTries {
		l, current, err := acquire(path)
		if err != nil || current {
			return l, err
		}
	}
	return nil, fmt.Errorf("%s: %w: it is made and removed all the time", path, ErrLocked)
}

// opened is called between opening the file and locking it; for tests.
var opened = func() {}

// acquire takes the lock once. current reports whether its file is still the one at path.
func acquire(path string) (l *Lock, current bool, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, false, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, false, err
	}
	opened()
	l = &Lock{path: path, file: f, info: info}
	if err := l.enter(); err != nil {
		f.Close()
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	if now, err := os.Stat(path); err != nil || !os.SameFile(now, info) {
		return nil, false, l.Release()
	}
	return l, true, nil
}

// enter takes the lock within this process, then that of the system.
func (l *Lock) enter() error {
	held.Lock()
	defer held.Unlock()
	if slices.ContainsFunc(held.locks, func(other *Lock) bool { return os.SameFile(other.info, l.info) }) {
		return ErrLocked
	}
	if err := lock(l.file); err != nil {
		return err
	}
	held.locks = append(held.locks, l)
	return nil
}

// Release releases the lock; the file stays. For a nil Lock it does nothing.
func (l *Lock) Release() error {
	if l == nil || l.file == nil {
		return nil
	}
	held.Lock()
	defer held.Unlock()
	held.locks = slices.DeleteFunc(held.locks, func(other *Lock) bool { return other == l })
	f := l.file
	l.file = nil
	return f.Close()
}

// Remove removes the file and releases the lock. A process that opened the file before finds
// it removed and creates a new one.
func (l *Lock) Remove() error {
	if l == nil || l.file == nil {
		return nil
	}
	if !removesOpen { // then the file cannot be removed while anyone else has it open
		if err := l.Release(); err != nil {
			return err
		}
		os.Remove(l.path) // another process may have the lock by now
		return nil
	}
	return errors.Join(os.Remove(l.path), l.Release())
}
