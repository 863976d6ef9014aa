// Package runfolder decides who works in a run's folder and what a folder holds. Whoever
// cleans, writes or removes anything there holds the folder's lock first.
package runfolder

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

// Names in a run's folder.
const (
	LockFile        = ".lock"
	ConfigFile      = "config.yaml"
	SummaryFile     = "summary.json"
	PredictionsFile = "predictions.jsonl"
	SplitFile       = "split.json"
	CheckpointDir   = "checkpoints"
	LastFile        = "last.safetensors"     // in CheckpointDir
	BestFile        = "best.safetensors"     // in CheckpointDir
	FreshResumeFile = "resume-0.safetensors" // in CheckpointDir: of a run without a step
	FiguresDir      = "figures"
)

// Folder is a run's folder whose lock this process holds.
type Folder struct {
	path string
	made []string // by Claim, a parent before its child
	lock *filelock.Lock
}

// maxTries bounds how often Claim starts again because the folder was removed meanwhile.
const maxTries = 100

// Claim takes the lock of a folder, which it makes with its parents where they are
// missing. A folder in use is filelock.ErrLocked, and nothing in it has changed.
func Claim(path string) (*Folder, error) {
	f := &Folder{path: path}
	var err error
	for range maxTries {
		if err = f.makeFolders(); err == nil {
			f.lock, err = filelock.Acquire(filepath.Join(path, LockFile))
		}
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, fs.ErrNotExist) { // else its last holder has just removed the folder
			break
		}
	}
	if errors.Is(err, filelock.ErrLocked) {
		err = fmt.Errorf("%s %s: %w", inUse(path), path, err)
	}
	return nil, err
}

// makeFolders makes what is missing of the path and remembers what it made.
func (f *Folder) makeFolders() error {
	var missing []string
	for dir := filepath.Clean(f.path); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, dir)
	}
	if err := atomicfile.MkdirAll(f.path, 0o755); err != nil {
		return err
	}
	slices.Reverse(missing)
	for _, dir := range missing {
		if !slices.Contains(f.made, dir) {
			f.made = append(f.made, dir)
		}
	}
	return nil
}

// Path is the folder's path, as it was given to Claim.
func (f *Folder) Path() string { return f.path }

// Release gives the lock back. A nil Folder is released already.
func (f *Folder) Release() error {
	if f == nil {
		return nil
	}
	return f.lock.Release()
}

// Discard removes what a run that could not begin left: config.yaml, the files of Clear,
// the lock, and the folders that Claim made, as far as they are empty then. It gives the
// lock back.
func (f *Folder) Discard() error {
	err := errors.Join(Clear(f.path), remove(filepath.Join(f.path, ConfigFile)), f.lock.Remove())
	for _, dir := range slices.Backward(f.made) {
		if os.Remove(dir) != nil { // not empty: another process may be in it by now
			break
		}
	}
	return err
}

// Clear removes the files of a run without a step, all but config.yaml and the lock, and
// what a kill left of files.
func Clear(path string) error {
	var errs []error
	for _, name := range []string{"metrics.jsonl", "metrics.csv", SummaryFile, PredictionsFile, SplitFile} {
		errs = append(errs, remove(filepath.Join(path, name)))
	}
	checkpoints := filepath.Join(path, CheckpointDir)
	errs = append(errs, atomicfile.Clean(path), atomicfile.Clean(checkpoints))
	for _, name := range []string{LastFile, BestFile, FreshResumeFile} {
		errs = append(errs, remove(filepath.Join(checkpoints, name)))
	}
	for _, dir := range ownDirs {
		errs = append(errs, os.RemoveAll(filepath.Join(path, dir)))
	}
	if len(entriesOf(checkpoints)) == 0 {
		errs = append(errs, remove(checkpoints))
	}
	return errors.Join(errs...)
}

// ownDirs are the folders of pictures and trackers in a run's folder.
var ownDirs = []string{FiguresDir, "track", "tensorboard"}

// remove removes a file that may not be there.
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
