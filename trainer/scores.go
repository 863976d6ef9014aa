package trainer

import (
	"encoding/json"
	"math"

	"github.com/euryale-ml/euryale/run"
)

// Scores are the values of an evaluation. In JSON, what is not finite is null.
type Scores struct {
	Epoch            int
	Step             int
	Accuracy         float64
	BalancedAccuracy float64
	// Top5Accuracy is the share of images whose class is among the five most likely ones,
	// see metrics.TopK; NaN in files of versions that did not have it.
	Top5Accuracy float64
	Loss         float64 // plain cross-entropy, mean over the images
	// Metrics are those that hooks measured.
	Metrics run.Metrics
}

// Value is the value of a metric by the name that a run's files have for it, or that a hook
// gave it. NaN and false: there is none.
func (s Scores) Value(metric string) (float64, bool) {
	switch metric {
	case "accuracy":
		return s.Accuracy, true
	case "balanced_accuracy":
		return s.BalancedAccuracy, true
	case "top5_accuracy":
		return s.Top5Accuracy, true
	case "loss":
		return s.Loss, true
	}
	return s.Metrics.Get(metric)
}

// jsonScores are Scores in a file.
type jsonScores struct {
	Epoch            int         `json:"epoch"`
	Step             int         `json:"step"`
	Accuracy         *float64    `json:"accuracy"`
	BalancedAccuracy *float64    `json:"balanced_accuracy"`
	Top5Accuracy     *float64    `json:"top5_accuracy,omitempty"`
	Loss             *float64    `json:"loss"`
	Metrics          run.Metrics `json:"metrics,omitzero"`
}

// MarshalJSON writes the object of summary.json.
func (s Scores) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonScores{s.Epoch, s.Step, finite(s.Accuracy), finite(s.BalancedAccuracy), finite(s.Top5Accuracy), finite(s.Loss), s.Metrics})
}

// UnmarshalJSON reads the object of summary.json.
func (s *Scores) UnmarshalJSON(data []byte) error {
	var j jsonScores
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*s = Scores{
		Epoch: j.Epoch, Step: j.Step, Accuracy: orNaN(j.Accuracy), BalancedAccuracy: orNaN(j.BalancedAccuracy), Top5Accuracy: orNaN(j.Top5Accuracy),
		Loss: orNaN(j.Loss), Metrics: j.Metrics,
	}
	return nil
}

// finite is v, nil if it is no number that JSON can hold.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
