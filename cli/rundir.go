package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/euryale-ml/euryale/run"
)

// RunsDir is the folder, below the working folder, for runs without -out.
const RunsDir = "runs"

// runDir is a run's folder. Its lock is taken before anything in it is checked, cleaned or
// written, and kept until the command ends.
type runDir struct {
	path string
	lock *run.Lock // nil: it is not held
}

// claimRunDir locks a folder for a new run: out, which may exist if it is empty or holds only
// a run that never made a step; or RunsDir/<name>-<time>, followed by -2, -3 … if that is
// taken.
func claimRunDir(out, name string, now time.Time) (runDir, error) {
	if out == "" {
		return claimNamedDir(name, now)
	}
	if err := checkEmpty(out); err != nil {
		return runDir{}, err
	}
	lock, err := run.Folder(out).Claim()
	if err != nil {
		return runDir{}, fmt.Errorf("-out: %w", err)
	}
	if err := clearForRun(out); err != nil {
		lock.Release()
		return runDir{}, err
	}
	return runDir{path: out, lock: lock}, nil
}

// checkEmpty refuses a folder with other files before a lock file is written to it.
func checkEmpty(out string) error {
	holds, err := run.Folder(out).Look()
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	if holds.Kind == run.Foreign || holds.Kind == run.Configured {
		return notEmpty(out, holds)
	}
	return nil
}

// clearForRun checks a folder whose lock is held, and removes the files that it may remove.
func clearForRun(out string) error {
	holds, err := run.Folder(out).Look()
	if err == nil && holds.Kind != run.Empty && holds.Kind != run.Stepless {
		return notEmpty(out, holds)
	}
	if err == nil {
		err = run.Folder(out).Clear()
	}
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return nil
}

func notEmpty(out string, holds run.Contents) error {
	advice := "-resume continues a run, or choose another folder"
	if holds.Finished {
		advice = "-resume shows its results again and how to train it longer; or choose another folder"
	}
	return usagef("-out %s is not empty: it holds %s; %s", out, holds, advice)
}

func claimNamedDir(name string, now time.Time) (runDir, error) {
	base := filepath.Join(RunsDir, fileName(name)+now.Format("-20060102-150405"))
	for n := 1; ; n++ {
		path := base
		if n > 1 {
			path = fmt.Sprintf("%s-%d", base, n)
		}
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		lock, err := run.Folder(path).Claim()
		if errors.Is(err, run.ErrLocked) {
			continue
		}
		if err != nil {
			return runDir{}, err
		}
		if holds, err := run.Folder(path).Look(); err == nil && holds.Kind == run.Empty {
			return runDir{path: path, lock: lock}, nil
		}
		lock.Release() // another process was faster, and has ended
	}
}

// lockRunDir takes the lock of a run that is to be resumed. A folder without a configuration
// is not touched; reading the configuration then returns the error.
func lockRunDir(out string) (runDir, error) {
	if !run.Folder(out).Has(run.ConfigFile) {
		return runDir{path: out}, nil
	}
	lock, err := run.Folder(out).Claim()
	if err != nil {
		return runDir{path: out}, fmt.Errorf("-resume: %w", err)
	}
	if emptyDir(out) { // discarded by another process since
		return runDir{path: out}, lock.Discard()
	}
	return runDir{path: out, lock: lock}, nil
}

// discard removes the files of a run that could not begin, if they are certainly its own, and
// releases the lock.
func (d runDir) discard() { d.lock.Discard() }

// release releases the lock.
func (d runDir) release() error { return d.lock.Release() }

// clean removes the temporary files that a kill left, if the lock is held.
func (d runDir) clean() {
	if d.lock != nil {
		_ = run.Folder(d.path).Clean() // one that stays harms nothing
	}
}

// writeConfig writes the configuration to the folder.
func (d runDir) writeConfig(yaml []byte) error {
	return run.Folder(d.path).WriteConfig(yaml)
}

// newestUnfinished is the folder below RunsDir of the newest unfinished run; "" if there is
// none.
func newestUnfinished() string {
	folders, _ := filepath.Glob(filepath.Join(RunsDir, "*"))
	newest, at := "", time.Time{}
	for _, dir := range folders {
		info, err := os.Stat(run.Folder(dir).Path(run.ConfigFile))
		if err != nil || finished(dir) {
			continue
		}
		when := info.ModTime()
		if m, err := os.Stat(run.Folder(dir).Path(run.LinesFile)); err == nil && m.ModTime().After(when) {
			when = m.ModTime()
		}
		if newest == "" || when.After(at) {
			newest, at = dir, when
		}
	}
	return newest
}

// finished reports whether a run's summary has the status finished.
func finished(dir string) bool {
	r, err := run.Folder(dir).Report()
	return err == nil && r.Status == run.Finished
}
