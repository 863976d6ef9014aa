// Package atomicfile replaces files so that a reader, a kill or a loss of power
// sees the old contents or the new, never a part: it writes a temporary file in
// the same folder, syncs it, renames it over the old one and syncs the folder.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// A temporary file is called Prefix + the target's name + a random number +
// Suffix, so that Clean recognises the files of a process that was killed.
const (
	Prefix = ".euryale-"
	Suffix = ".tmp"
)

// bufferSize is the size of the write buffer in bytes.
const bufferSize = 1 << 16

// Write replaces the file at path with the bytes that write produces, or creates it with
// perm (less the process's umask). After an error, or a panic of write, the old
// file is unchanged and no temporary file is left. A symbolic link is followed;
// a target that is a folder or a device is an error. Errors name the file, and
// an error of write is wrapped.
func Write(path string, perm fs.FileMode, write func(w io.Writer) error) (err error) {
	path, err = target(path)
	if err != nil {
		return err
	}
	f, err := create(path, perm)
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if !renamed {
			f.Close() // a second Close is harmless
			Remove(f.Name())
		}
	}()
	if err := fill(f, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := Rename(f.Name(), path); err != nil {
		return err
	}
	renamed = true
	return SyncDir(filepath.Dir(path))
}

// Clean removes the temporary files that a killed process left in dir, to which no other
// process may be writing. A file that another process has open may stay until the next
// Clean. Subfolders are not searched. It is not an error if dir does not exist.
func Clean(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if e.Type().IsRegular() && IsTemporary(e.Name()) {
			if err := Remove(filepath.Join(dir, e.Name())); !isBusy(err) { // if busy, the next Clean removes it
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// CleanAll is Clean for dir and all folders below it, except those that contain a file with
// the name lock: another process may be writing there. Links are not followed.
func CleanAll(dir, lock string) error {
	var errs []error
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if _, err := os.Lstat(filepath.Join(path, lock)); err == nil && path != dir {
			return fs.SkipDir
		}
		errs = append(errs, Clean(path))
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// IsTemporary reports whether a file's name (without its folder) is one that
// Write gives to its temporary files.
func IsTemporary(name string) bool {
	return strings.HasPrefix(name, Prefix) && strings.HasSuffix(name, Suffix)
}

// target resolves links; it is an error if the target is a folder or a device, which a rename
// must not replace.
func target(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return "", err
	case info.IsDir():
		return "", fmt.Errorf("write %s: is a folder", path)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("write %s: is not a regular file", path)
	}
	return filepath.EvalSymlinks(path)
}

// create opens a new temporary file beside path.
func create(path string, perm fs.FileMode) (*os.File, error) {
	dir, base := filepath.Split(path)
	for range 100 {
		name := fmt.Sprintf("%s%s-%08x%s", Prefix, base, rand.Uint32(), Suffix)
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("write %s: too many temporary files", path)
}

// fill writes, syncs and closes f.
func fill(f *os.File, write func(w io.Writer) error) error {
	b := bufio.NewWriterSize(f, bufferSize)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}
