package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/filelock"
)

// Lock is the lock of a run's folder, held by this process.
type Lock struct {
	folder Folder
	made   []string // by Claim, a parent before its child
	lock   *filelock.Lock
}

// maxTries is the most attempts of Claim: it retries if the folder is removed meanwhile.
const maxTries = 100

// ErrLocked is wrapped by errors about a folder that another process has locked.
var ErrLocked = filelock.ErrLocked

// Claim locks a folder and creates it, with its parents, if it is missing. For a folder in
// use it returns ErrLocked and changes nothing in it.
func (f Folder) Claim() (*Lock, error) {
	l := &Lock{folder: f}
	var err error
	for range maxTries {
		if err = l.makeFolders(); err == nil {
			l.lock, err = filelock.Acquire(f.Path(LockFile))
		}
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, fs.ErrNotExist) { // else the process that held the lock has just removed the folder
			break
		}
	}
	if errors.Is(err, ErrLocked) {
		err = fmt.Errorf("%s %s: %w", f.inUse(), f, err)
	}
	return nil, err
}

// makeFolders creates the missing folders of the path and records them in made.
func (l *Lock) makeFolders() error {
	var missing []string
	for dir := l.folder.Path(); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, dir)
	}
	if err := atomicfile.MkdirAll(string(l.folder), 0o755); err != nil {
		return err
	}
	slices.Reverse(missing)
	for _, dir := range missing {
		if !slices.Contains(l.made, dir) {
			l.made = append(l.made, dir)
		}
	}
	return nil
}

// Folder is the folder that is locked.
func (l *Lock) Folder() Folder { return l.folder }

// Release releases the lock. It does nothing on a nil Lock.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	return l.lock.Release()
}

// Discard removes the files of a run that could not begin: config.yaml, the files of Clear
// and the lock, then the folders that Claim created, if they are empty. It releases the
// lock.
func (l *Lock) Discard() error {
	err := errors.Join(l.folder.Clear(), remove(l.folder.Path(ConfigFile)), l.lock.Remove())
	for _, dir := range slices.Backward(l.made) {
		if os.Remove(dir) != nil { // not empty: another process may be in it by now
			break
		}
	}
	return err
}

// Clear removes the files of a run without a step, except config.yaml and the lock, and
// temporary files that a kill left.
func (f Folder) Clear() error {
	var errs []error
	for _, name := range []string{LinesFile, CSVFile, SummaryFile, PredictionsFile, SplitFile} {
		errs = append(errs, remove(f.Path(name)))
	}
	checkpoints := f.Path(CheckpointDir)
	errs = append(errs, atomicfile.Clean(string(f)), atomicfile.Clean(checkpoints))
	for _, name := range []string{LastFile, BestFile, ResumeFile(0)} {
		errs = append(errs, remove(f.Checkpoint(name)))
	}
	for _, dir := range []string{FiguresDir, OutboxDir, EventsDir} {
		errs = append(errs, os.RemoveAll(f.Path(dir)))
	}
	if len(entriesOf(checkpoints)) == 0 {
		errs = append(errs, remove(checkpoints))
	}
	return errors.Join(errs...)
}

// remove removes a file if it exists.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func entriesOf(dir string) []os.DirEntry {
	entries, _ := os.ReadDir(dir)
	return entries
}
