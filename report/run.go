package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/run"
)

// Errors of this package; test with errors.Is.
var (
	// ErrNoRun: a folder has no run, or one without a summary yet.
	ErrNoRun = errors.New("no run")
	// ErrNoRuns: a report needs at least one run.
	ErrNoRuns = errors.New("no runs")
)

// Run is the contents of a run's folder.
type Run struct {
	// Folder is its path; a report shows only the last element.
	Folder string
	// Summary is summary.json.
	Summary *run.Report
	// Config is config.yaml, nil if it cannot be read.
	Config *config.Config
	// Lines are the lines of metrics.jsonl.
	Lines []run.Line
	// Classes are the names of the model's outputs, nil if no weight file has them.
	Classes []string
	// Predictions are the best weights' predictions of the test images, nil if unknown; see
	// Evaluate.
	Predictions []run.Prediction
	// Split lists the training and test images, nil if the folder has no split.json.
	Split *run.Split
	// Notes list the files that could not be read, a sentence each.
	Notes []string
}

// Read reads a run's folder. Without a summary the error wraps ErrNoRun; for any other file
// that is missing or unreadable a note is added.
func Read(dir string) (*Run, error) {
	r := &Run{Folder: dir}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("%s is %w: there is no such folder", dir, ErrNoRun)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is %w but a file; name the run's folder", dir, ErrNoRun)
	}
	r.Summary, err = run.Folder(dir).Report()
	if errors.Is(err, fs.ErrNotExist) {
		if run.Folder(dir).Has(run.ConfigFile) {
			return nil, fmt.Errorf("%s is not finished: it has no %s yet (%w)", dir, run.SummaryFile, ErrNoRun)
		}
		return nil, fmt.Errorf("%s is %w: it has neither %s nor %s", dir, ErrNoRun, run.SummaryFile, run.ConfigFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s cannot be read: %w", dir, run.SummaryFile, err)
	}
	if r.Lines, err = run.Folder(dir).Lines(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	r.readConfig()
	r.readClasses()
	if r.Predictions, err = run.Folder(dir).Predictions(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.note("Its %s cannot be read and is left out.", run.PredictionsFile)
	}
	r.dropBadPredictions()
	if r.Split, err = run.Folder(dir).Split(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.note("Its %s cannot be read and is left out.", run.SplitFile)
	}
	return r, nil
}

func (r *Run) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Run) readConfig() {
	data, err := run.Folder(r.Folder).Config()
	if err == nil {
		c := config.Default()
		if err = config.LoadRecorded(data, &c); err == nil {
			r.Config = &c
			return
		}
	}
	r.note("Its %s cannot be read, so that its settings are not compared.", run.ConfigFile)
}

// readClasses reads the classes from the weight files of the run.
func (r *Run) readClasses() {
	for _, name := range []string{run.BestFile, run.LastFile} {
		meta, err := checkpoint.ReadMetadata(run.Folder(r.Folder).Checkpoint(name))
		if err != nil {
			continue
		}
		if info, err := checkpoint.ReadInfo(meta); err == nil && len(info.Classes) > 0 {
			r.Classes = info.Classes
			return
		}
	}
}

// mostOutputs is the number of classes up to which predictions are counted: the confusion
// matrix has its square as elements.
const mostOutputs = 2000

// dropBadPredictions drops predictions that are not of this run's classes.
func (r *Run) dropBadPredictions() {
	if len(r.Predictions) == 0 {
		r.Predictions = nil
		return
	}
	n := mostOutputs
	if len(r.Classes) > 0 {
		n = min(n, len(r.Classes))
	}
	if slices.ContainsFunc(r.Predictions, func(p run.Prediction) bool { return max(p.Label, p.Predicted) >= n }) {
		r.Predictions = nil
		r.note("Its %s names classes that the model does not have, or more than %d, and is left out.", run.PredictionsFile, mostOutputs)
	}
}

// ClassCount is the number of classes among the test images, or of the model's outputs
// if there are no predictions; 0 if neither is known.
func (r *Run) ClassCount() int {
	if r.Predictions != nil {
		return len(labelCounts(r.Predictions))
	}
	if r.Split != nil {
		if n := r.Split.Occurring(run.TestPart); n > 0 {
			return n
		}
	}
	return len(r.Classes)
}

// class is the name of a class, for people.
func (r *Run) class(i int) string {
	if i < len(r.Classes) {
		return strings.ReplaceAll(r.Classes[i], "_", " ")
	}
	return fmt.Sprintf("class %d", i)
}

// base is the last element of the folder's path.
func (r *Run) base() string {
	if abs, err := filepath.Abs(r.Folder); err == nil {
		return filepath.Base(abs)
	}
	return filepath.Base(filepath.Clean(r.Folder))
}

// evaluated reports whether the run has a test accuracy.
func (r *Run) evaluated() bool { return r.Summary.Best != nil && r.Summary.Last != nil }

// finished reports whether the run reached its last epoch or a limit.
func (r *Run) finished() bool { return r.Summary.Status == run.Finished }
