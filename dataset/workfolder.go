package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/euryale-ml/euryale/internal/filelock"
)

// Names in a download's working folder.
const (
	workSuffix   = ".download"   // of the folder: beside a new root, else in it
	lockName     = ".lock"       // held while a download works
	unpackPrefix = "unpack-"     // a folder that one download uses
	installing   = ".installing" // exists while files are moved into an existing root
)

// workFolder is where a download keeps the bytes received so far. Only the holder of
// its lock writes there.
type workFolder struct {
	path string
	lock *filelock.Lock
}

// workPath is the working folder of a root: in it if it exists, since that may
// be the only folder that can be written, or another disk; else beside it, so
// that the finished set can be renamed to it. An existing one is used again.
func workPath(root string) string {
	beside := root + workSuffix
	if !folderExists(beside) && folderExists(root) {
		return filepath.Join(root, workSuffix)
	}
	return beside
}

// openWork makes the working folder and waits for its lock; waiting is called once
// if another download holds it.
func openWork(ctx context.Context, path string, waiting func()) (*workFolder, error) {
	waiting = sync.OnceFunc(waiting)
	for range 1000 { // a download that ends may remove the folder at any time
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, err
		}
		lock, err := filelock.Wait(ctx, filepath.Join(path, lockName), waiting)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		w := &workFolder{path, lock}
		if err := w.clean(); err != nil {
			w.close()
			return nil, err
		}
		return w, nil
	}
	return nil, fmt.Errorf("%s is removed again and again", path)
}

// clean removes the unpacked files of downloads that were killed.
func (w *workFolder) clean() error {
	entries, err := os.ReadDir(w.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && (e.Name() == "unpacked" || strings.HasPrefix(e.Name(), unpackPrefix)) {
			if err := os.RemoveAll(filepath.Join(w.path, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// unpackFolder makes a folder to unpack into, which no other download uses.
func (w *workFolder) unpackFolder() (string, error) {
	unique, err := os.MkdirTemp(w.path, unpackPrefix)
	if err != nil {
		return "", err
	}
	path := filepath.Join(unique, "set") // MkdirTemp's are closed to other users
	return path, os.Mkdir(path, 0o755)
}

// finish removes the archives except those that the user named.
func (w *workFolder) finish(named []string) error {
	errs := []error{w.clean()}
	for _, a := range petArchives {
		for _, path := range []string{filepath.Join(w.path, a.name), filepath.Join(w.path, a.name+partSuffix)} {
			if !isOneOf(path, named) {
				errs = append(errs, removeIfThere(path))
			}
		}
	}
	return errors.Join(append(errs, removeIfThere(filepath.Join(w.path, installing)))...)
}

// tidy removes the files that a download left behind when it was killed after the set was
// complete: its lock file is still there. A download that is running keeps its files.
func tidy(root string, named []string) {
	for _, path := range []string{root + workSuffix, filepath.Join(root, workSuffix)} {
		lockPath := filepath.Join(path, lockName)
		if _, err := os.Stat(lockPath); err != nil {
			continue
		}
		if lock, err := filelock.Acquire(lockPath); err == nil {
			w := &workFolder{path, lock}
			_ = w.finish(named) // what cannot be removed does no harm
			w.close()
		}
	}
}

// close releases the lock, and removes the folder if it is empty.
func (w *workFolder) close() {
	_ = w.lock.Remove()
	_ = os.Remove(w.path)
}

func folderExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// isOneOf reports whether a path is one of the files.
func isOneOf(path string, files []string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	for _, f := range files {
		if other, err := os.Stat(f); err == nil && os.SameFile(info, other) {
			return true
		}
	}
	return false
}
