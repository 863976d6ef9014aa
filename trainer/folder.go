package trainer

import (
	"fmt"
	"os"

	"github.com/euryale-ml/euryale/run"
)

// claimFolder locks the run's folder, unless the caller holds its lock, before anything in it
// is read or changed. For a new run it refuses a folder that holds something else, and clears
// one of a run that ended before its first step.
func (t *Trainer) claimFolder() error {
	dir := t.config.Dir
	if t.config.lock == nil {
		if err := t.lockFolder(); err != nil {
			return err
		}
	}
	if t.config.Resume {
		return nil
	}
	holds, err := run.Folder(dir).Look()
	switch {
	case err != nil:
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	case holds.Kind == run.Trained || holds.Kind == run.Foreign:
		return notEmpty(dir, holds)
	case holds.Kind != run.Stepless:
		return nil
	}
	if err := run.Folder(dir).Clear(); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	return nil
}

// lockFolder takes the lock. A folder of something else gets no lock file.
func (t *Trainer) lockFolder() (err error) {
	dir := t.config.Dir
	if t.config.Resume {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("trainer: %w: nothing to resume: %w", ErrFolder, err)
		}
	} else if holds, err := run.Folder(dir).Look(); err == nil && holds.Kind == run.Foreign {
		return notEmpty(dir, holds)
	}
	if t.lock, err = run.Folder(dir).Claim(); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	return nil
}

func notEmpty(dir string, holds run.Contents) error {
	return fmt.Errorf("trainer: %w: %s is not empty: it holds %s; resume that run or choose another folder", ErrFolder, dir, holds)
}
