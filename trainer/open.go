package trainer

import (
	"errors"
	"fmt"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/run"
)

// openRun opens the log and the checkpoints in a run's folder, which is locked, and with
// Config.Resume restores the last checkpoint. A checkpoint or a log that cannot be resumed
// from is an error that changes nothing.
func (t *Trainer) openRun(f run.Folder) error {
	open := run.Folder.OpenLog
	if t.config.Resume {
		if err := t.checkSplit(f); err != nil {
			return err
		}
		if err := t.restore(f); err != nil {
			return err
		}
		open = func(f run.Folder) (*run.Log, error) { return f.ResumeLog(t.at.Step, t.evaluated()) }
	}
	log, err := open(f)
	if err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	t.log = log
	if n := log.Missing(); n > 0 {
		t.logWarn(fmt.Sprintf("%s lacks %d of the %d steps before the checkpoint; the run resumes without them, and its curves and table too", f.Path(run.LinesFile), n, t.at.Step))
	}
	if err := errors.Join(atomicfile.MkdirAll(f.Path(run.CheckpointDir), 0o755), f.Clean(), t.tidy(f)); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	if err := t.keepSplit(f); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	t.saver = newSaver(f)
	if t.at.Batch == 0 {
		return nil
	}
	if t.trained, err = f.TrainSoFar(t.at.Epoch); err != nil {
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	return nil
}

// evaluated reports whether the last evaluation was made after the last step.
func (t *Trainer) evaluated() bool { return t.at.Last != nil && t.at.Last.Step == t.at.Step }
