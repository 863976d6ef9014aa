package trainer

import (
	"encoding/json"
	"io"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/smallfile"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// Statuses of a run.
const (
	Finished    = "finished"
	Interrupted = "interrupted"
	Failed      = "failed"
)

// Report is what is known of a run at its end: summary.json.
type Report struct {
	Name            string            `json:"name"`
	Model           string            `json:"model"`
	Status          string            `json:"status"`
	Error           string            `json:"error,omitempty"`
	Reason          string            `json:"reason,omitempty"`  // why it finished before the last epoch: max_steps, patience, or a hook's ErrStop
	BestBy          string            `json:"best_by,omitempty"` // Config.Best
	Best            *Scores           `json:"best"`              // nil: no epoch was the best yet
	Last            *Scores           `json:"last"`
	Final           *Scores           `json:"final,omitempty"` // of the best weights, on Config.Final
	Saturated       bool              `json:"saturated"`       // no better value in the last 10 epochs
	EpochsSinceBest int               `json:"epochs_since_best"`
	StoppedEarly    bool              `json:"stopped_early,omitempty"` // by Config.Patience, before the last epoch
	Epochs          int               `json:"epochs"`                  // complete epochs
	Steps           int               `json:"steps"`
	Parameters      int               `json:"parameters"`
	MultiplyAdds    int64             `json:"multiply_adds"` // of one image
	Seconds         float64           `json:"seconds"`       // of training and evaluation, resumed parts added up
	ImagesPerSecond float64           `json:"images_per_second"`
	TrainImages     int               `json:"train_images"`
	TestImages      int               `json:"test_images"`
	FinalImages     int               `json:"final_images,omitempty"`
	BadTestImages   int               `json:"bad_test_images"` // could not be decoded; not in the accuracy
	BadTrainImages  int               `json:"bad_train_images"`
	Device          string            `json:"device"`
	Precision       string            `json:"precision"`
	Threads         int               `json:"threads"`
	Seed            uint64            `json:"seed"`
	Versions        map[string]string `json:"versions"`
	// HookFaults are the errors and panics of hooks, those from before a resumed run's last
	// checkpoint included.
	HookFaults []HookFault `json:"hook_faults,omitempty"`
}

// Criterion is what Best is judged by; accuracy where BestBy cannot be read.
func (r *Report) Criterion() metrics.Criterion {
	c, err := metrics.ParseCriterion(r.BestBy)
	if err != nil {
		return metrics.Criterion{Metric: "accuracy"}
	}
	return c
}

// saturatedAfter is the number of epochs without a better value that counts as saturation.
const saturatedAfter = 10

// maxSummary is the most bytes of a summary that are read.
const maxSummary = 16 << 20

// ReadReport reads the summary of a run's folder.
func ReadReport(dir string) (*Report, error) {
	data, err := smallfile.Read(filepath.Join(dir, run.SummaryFile), maxSummary)
	if err != nil {
		return nil, err
	}
	r := new(Report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Report) write(dir string) error {
	return atomicfile.Write(filepath.Join(dir, run.SummaryFile), 0o644, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	})
}

// versions are those of Euryale and Go.
func versions() map[string]string {
	v := map[string]string{"go": runtime.Version(), "euryale": "(devel)"}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(b.Deps, &b.Main) {
			if m.Path == "github.com/euryale-ml/euryale" && m.Version != "" {
				v["euryale"] = m.Version
			}
		}
	}
	return v
}
