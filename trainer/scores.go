package trainer

import (
	"encoding/json"
	"math"
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
}

// jsonScores are Scores in a file.
type jsonScores struct {
	Epoch            int      `json:"epoch"`
	Step             int      `json:"step"`
	Accuracy         float64  `json:"accuracy"`
	BalancedAccuracy float64  `json:"balanced_accuracy"`
	Top5Accuracy     *float64 `json:"top5_accuracy,omitempty"`
	Loss             *float64 `json:"loss"`
}

// MarshalJSON writes the object of summary.json.
func (s Scores) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonScores{s.Epoch, s.Step, s.Accuracy, s.BalancedAccuracy, finite(s.Top5Accuracy), finite(s.Loss)})
}

// UnmarshalJSON reads the object of summary.json.
func (s *Scores) UnmarshalJSON(data []byte) error {
	var j jsonScores
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*s = Scores{Epoch: j.Epoch, Step: j.Step, Accuracy: j.Accuracy, BalancedAccuracy: j.BalancedAccuracy, Top5Accuracy: math.NaN()}
	if j.Top5Accuracy != nil {
		s.Top5Accuracy = *j.Top5Accuracy
	}
	if j.Loss != nil {
		s.Loss = *j.Loss
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
