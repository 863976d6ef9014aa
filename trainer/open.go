package trainer

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/run"
)

// openRun opens what a run keeps in its folder, whose lock is held, and resumes there. A
// checkpoint or a log that cannot be resumed from is an error that changes nothing.
func (t *Trainer) openRun(dir, checkpoints string) error {
	open := run.Folder.OpenLog
	if t.config.Resume {
		if err := t.checkSplit(dir); err != nil {
			return err
		}
		if err := t.restore(checkpoints); err != nil {
			return err
		}
		open = func(f run.Folder) (*run.Log, error) { return f.ResumeLog(t.at.Step, t.evaluated()) }
	}
	log, err := open(run.Folder(dir))
	if err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	t.log = log
	if n := log.Missing(); n > 0 {
		t.logWarn(fmt.Sprintf("%s lacks %d of the %d steps before the checkpoint; the run resumes without them, and its curves and table too", filepath.Join(dir, run.LinesFile), n, t.at.Step))
	}
	if err := errors.Join(atomicfile.MkdirAll(checkpoints, 0o755), run.Folder(dir).Clean(), t.tidy(checkpoints)); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	if err := t.keepSplit(dir); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	t.saver = newSaver(checkpoints)
	if t.at.Batch == 0 {
		return nil
	}
	if t.trained, err = run.Folder(dir).TrainSoFar(t.at.Epoch); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	return nil
}

// evaluated reports whether the last evaluation was made after the last step.
func (t *Trainer) evaluated() bool { return t.at.Last != nil && t.at.Last.Step == t.at.Step }
