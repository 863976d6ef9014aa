package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// install moves an unpacked set to root: by one rename if root does not exist,
// else file by file, so that the files in root stay.
func (w *workFolder) install(ctx context.Context, from, root string) error {
	if _, err := os.Lstat(root); errors.Is(err, fs.ErrNotExist) {
		if err = atomicfile.Rename(from, root); err == nil || !folderExists(root) {
			return err
		} // another process has made root meanwhile
	}
	mark := filepath.Join(w.path, installing)
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		return err
	}
	if err := addInto(ctx, from, root); err != nil {
		return err
	}
	return os.Remove(mark)
}

// addInto moves the files of a folder that are not in another into it. The
// annotations come last: a root without them is not taken for the set.
func addInto(ctx context.Context, from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, last := range []bool{false, true} {
		for _, e := range entries {
			if (e.Name() == "annotations") != last {
				continue
			}
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			if err := add(ctx, filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// add moves a file or a folder to a path. Existing files stay: those of a folder are
// added one by one, and a file is replaced only by one that begins with it, since it
// may be an interrupted copy.
func add(ctx context.Context, from, to string) error {
	source, err := os.Lstat(from)
	if err != nil {
		return err
	}
	there, err := os.Stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if atomicfile.Rename(from, to) == nil {
			return nil
		}
		if source.IsDir() { // to another disk
			if err := os.Mkdir(to, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			return addInto(ctx, from, to)
		}
	case err != nil:
		return err
	case source.IsDir() != there.IsDir():
		return fmt.Errorf("%w: %s is in the way of the set's", ErrNoSet, to)
	case source.IsDir():
		return addInto(ctx, from, to)
	case there.Size() >= source.Size() || !isBeginning(to, from):
		return nil
	}
	return copyFile(from, to)
}

// isBeginning reports whether a file holds the first bytes of another.
func isBeginning(short, long string) bool {
	a, err := os.ReadFile(short)
	if err != nil {
		return false
	}
	f, err := os.Open(long)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, len(a))
	_, err = io.ReadFull(f, b)
	return err == nil && bytes.Equal(a, b)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return atomicfile.Write(to, 0o644, func(out io.Writer) error {
		_, err := io.Copy(out, in)
		return err
	})
}
