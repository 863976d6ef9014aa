package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// syncDir is SyncDir, replaced in tests.
var syncDir = SyncDir

// MkdirAll makes a folder and its missing parents, as os.MkdirAll does, and makes the name
// of each new one durable, so that a loss of power cannot remove the folder of files that were
// synced. Existing folders are not changed and cost no sync.
func MkdirAll(path string, perm fs.FileMode) error {
	missing, err := missingFolders(filepath.Clean(path))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, perm); err != nil {
		return err
	}
	for _, dir := range missing {
		// A parent may be writable but not readable.
		if err := syncDir(filepath.Dir(dir)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	return nil
}

// missingFolders are the folders of a path that do not exist, the path itself first.
func missingFolders(path string) (missing []string, err error) {
	for {
		_, err := os.Stat(path)
		if err == nil {
			return missing, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		missing = append(missing, path)
		parent := filepath.Dir(path)
		if parent == path {
			return missing, nil
		}
		path = parent
	}
}
