package filelock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestRemovedWhileOpened has the last holder remove the file after another one opened it
// and before that one locks it.
func TestRemovedWhileOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	first, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	times := 0
	opened = func() {
		if times++; times == 1 {
			if err := first.Remove(); err != nil {
				t.Error(err)
			}
		}
	}
	defer func() { opened = func() {} }()
	second, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	if removesOpen && times != 2 {
		t.Errorf("the file was opened %d times, want 2: the first one was removed", times)
	}
	if _, err := Acquire(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a third one beside the second: %v", err)
	}
	if err := second.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Remove: %v", err)
	}
	if err := second.Remove(); err != nil {
		t.Error("removed twice:", err)
	}
}

// TestOneProcess takes a lock twice under other names, where the system has no locks.
func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	l, err := Acquire(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err != nil {
		t.Skip(err)
	}
	if _, err := Acquire(filepath.Join(dir, "b")); !errors.Is(err, ErrLocked) {
		t.Errorf("the same file by another name: %v", err)
	}
	if _, err := Acquire(filepath.Join(dir, "none", "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
	l.Release()
}
