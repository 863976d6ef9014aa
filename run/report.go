package run

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/metrics"
)

// Statuses of a run.
const (
	Finished    = "finished"
	Interrupted = "interrupted"
	Failed      = "failed"
)

// Report is the summary of a run at its end: summary.json.
type Report struct {
	Name            string            `json:"name"`
	Model           string            `json:"model"`
	Status          string            `json:"status"`
	Error           string            `json:"error,omitempty"`
	Reason          string            `json:"reason,omitempty"`  // why it finished before the last epoch: max_steps, patience, or a hook's error
	BestBy          string            `json:"best_by,omitempty"` // the criterion of the best epoch, in the syntax of metrics.ParseCriterion
	Best            *Scores           `json:"best"`              // nil: no epoch qualified yet
	Last            *Scores           `json:"last"`
	Final           *Scores           `json:"final,omitempty"` // of the best weights, on images kept for the end
	Saturated       bool              `json:"saturated"`       // no better value in the last 10 epochs
	EpochsSinceBest int               `json:"epochs_since_best"`
	StoppedEarly    bool              `json:"stopped_early,omitempty"` // by train.patience, before the last epoch
	Epochs          int               `json:"epochs"`                  // complete epochs
	Steps           int               `json:"steps"`
	Parameters      int               `json:"parameters"`
	MultiplyAdds    int64             `json:"multiply_adds"` // of one image
	Seconds         float64           `json:"seconds"`       // of training and evaluation, summed over resumed parts
	ImagesPerSecond float64           `json:"images_per_second"`
	TrainImages     int               `json:"train_images"`
	TestImages      int               `json:"test_images"`
	FinalImages     int               `json:"final_images,omitempty"`
	BadTestImages   int               `json:"bad_test_images"` // could not be decoded; excluded from the accuracy
	BadTrainImages  int               `json:"bad_train_images"`
	Device          string            `json:"device"`
	Precision       string            `json:"precision"`
	Threads         int               `json:"threads"`
	Seed            uint64            `json:"seed"`
	Versions        map[string]string `json:"versions"`
	// HookFaults are the errors and panics of hooks, including those before the checkpoint
	// from which the run resumed.
	HookFaults []HookFault `json:"hook_faults,omitempty"`
}

// Criterion is the criterion of Best; accuracy if BestBy cannot be parsed.
func (r *Report) Criterion() metrics.Criterion {
	c, err := metrics.ParseCriterion(r.BestBy)
	if err != nil {
		return metrics.Criterion{Metric: "accuracy"}
	}
	return c
}

// HookFault is the errors and panics of one of a hook's functions. They do not end the run.
type HookFault struct {
	Hook  string `json:"hook"`            // its name, or its number
	Event string `json:"event"`           // start, step, evaluating, measure, epoch or end
	Count int    `json:"count"`           // of failed calls
	Error string `json:"error"`           // of the first failed call
	Panic bool   `json:"panic,omitempty"` // the first one was a panic
}

// maxSummary is the largest summary that is read, in bytes.
const maxSummary = 16 << 20

// Report reads summary.json.
func (f Folder) Report() (*Report, error) {
	data, err := smallfile.Read(f.Path(SummaryFile), maxSummary)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("run: %w: %s: %w", ErrFile, f.Path(SummaryFile), err)
	}
	return r, nil
}

// WriteReport writes summary.json.
func (f Folder) WriteReport(r *Report) error {
	return f.write(SummaryFile, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
}
