package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/run"
)

// remains are the files of a run in its folder beside last.safetensors.
type remains struct {
	best    bool
	resumes []int // the steps of resume files
	step    int   // of the last line of the metrics; 0: no line
	saved   bool  // the summary is of a run that made a step and did not fail
}

// lookAt finds the remains of a run in its folder.
func lookAt(f run.Folder) (r remains, err error) {
	entries, err := os.ReadDir(f.Path(run.CheckpointDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	for _, e := range entries {
		r.best = r.best || e.Name() == run.BestFile
		if step, ok := run.ResumeStep(e.Name()); ok && step > 0 {
			r.resumes = append(r.resumes, step)
		}
	}
	slices.Sort(r.resumes)
	if r.step, err = f.LastStep(); err != nil {
		return r, fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	}
	if summary, err := f.Report(); err == nil {
		r.saved = summary.Status != run.Failed && summary.Steps > 0
	}
	return r, nil
}

// String lists the remains for an error.
func (r remains) String() string {
	var list []string
	if r.best {
		list = append(list, run.BestFile)
	}
	for _, step := range r.resumes[max(0, len(r.resumes)-3):] {
		list = append(list, run.ResumeFile(step))
	}
	if r.step > 0 {
		list = append(list, fmt.Sprintf("%s up to step %d", run.LinesFile, r.step))
	}
	if r.saved {
		list = append(list, run.SummaryFile)
	}
	if len(list) == 0 {
		return "nothing else is there"
	}
	return "there are " + strings.Join(list, ", ")
}

// checkUnsaved is an error if a folder without last.safetensors has lost it. A run that was
// killed before its first checkpoint was complete had none; it leaves metrics up to the step
// of that checkpoint and perhaps its resume file.
func (t *Trainer) checkUnsaved(f run.Folder) error {
	r, err := lookAt(f)
	if err != nil {
		return err
	}
	first := t.stepsPerEpoch()
	if every := t.config.SaveEverySteps; every > 0 {
		first = min(first, every)
	}
	if r.best || r.saved || max(r.step, slices.Max(append(r.resumes, 0))) > first {
		return t.lost(f, fmt.Errorf("%s is missing", f.Checkpoint(run.LastFile)))
	}
	return nil
}

// lost is the error for a folder whose last checkpoint is missing or damaged.
func (t *Trainer) lost(f run.Folder, problem error) error {
	r, err := lookAt(f)
	if err != nil {
		return errors.Join(problem, err)
	}
	advice := "put the file back, or start a new run in another folder"
	if r.best {
		advice += " from the weights in " + f.Checkpoint(run.BestFile) + " (model.weights)"
	}
	return fmt.Errorf("trainer: %w: nothing to resume from: %w; %s; nothing was changed: %s", ErrFolder, problem, r, advice)
}
