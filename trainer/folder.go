package trainer

import (
	"fmt"
	"os"

	"github.com/euryale-ml/euryale/internal/runfolder"
)

// claimFolder takes the lock of the run's folder before anything in it is read, judged,
// cleaned or written. It keeps the folder's lock unless the caller holds it already.
func (t *Trainer) claimFolder() error {
	dir := t.config.Dir
	if t.config.folder == nil {
		if err := t.lockFolder(); err != nil {
			return err
		}
	}
	if t.config.Resume {
		return nil
	}
	holds, err := runfolder.Look(dir)
	switch {
	case err != nil:
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	case holds.Kind == runfolder.Run || holds.Kind == runfolder.Foreign:
		return notEmpty(dir, holds)
	case holds.Kind != runfolder.Stepless:
		return nil
	}
	if err := runfolder.Clear(dir); err != nil {
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
	} else if holds, err := runfolder.Look(dir); err == nil && holds.Kind == runfolder.Foreign {
		return notEmpty(dir, holds)
	}
	if t.lock, err = runfolder.Claim(dir); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	return nil
}

func notEmpty(dir string, holds runfolder.Contents) error {
	return fmt.Errorf("trainer: %w: %s is not empty: it holds %s; resume that run or choose another folder", ErrFolder, dir, holds)
}
