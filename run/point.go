package run

import (
	"encoding/json"
	"time"
)

// Point is the values measured at a step: on a training step's batch, before its update, or
// in an evaluation on the test set.
type Point struct {
	Epoch            int     // from 1
	Step             int     // from 1, over the complete run
	Loss             float64 // cross-entropy, mean over the images
	Accuracy         float64 // 0 to 1
	BalancedAccuracy float64 // 0 to 1, mean recall over the classes that occur

	// Only of a training step:
	LR              float64 // the learning rate of the step
	ImagesPerSecond float64
	Images          int // of the step; 0: unknown, as in files of earlier versions
}

// Scores are the values of an evaluation. In JSON, values that are not finite are null.
type Scores struct {
	Point
	// Top5Accuracy is the share of images whose class is among the five most likely ones,
	// see metrics.TopK; NaN: unknown, as in files of earlier versions.
	Top5Accuracy float64
	// Metrics are those that hooks measured.
	Metrics Metrics
}

// Value returns a metric by its name in a run's files or a hook's name; NaN and false if
// there is none.
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

// jsonScores are Scores in summary.json.
type jsonScores struct {
	Epoch            int     `json:"epoch"`
	Step             int     `json:"step"`
	Accuracy         Number  `json:"accuracy"`
	BalancedAccuracy Number  `json:"balanced_accuracy"`
	Top5Accuracy     known   `json:"top5_accuracy,omitzero"`
	Loss             Number  `json:"loss"`
	Metrics          Metrics `json:"metrics,omitzero"`
}

// MarshalJSON writes the object of summary.json.
func (s Scores) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonScores{
		s.Epoch, s.Step, Number(s.Accuracy), Number(s.BalancedAccuracy), known{Number(s.Top5Accuracy)}, Number(s.Loss), s.Metrics,
	})
}

// UnmarshalJSON reads the object of summary.json.
func (s *Scores) UnmarshalJSON(data []byte) error {
	j := jsonScores{Accuracy: missing, BalancedAccuracy: missing, Top5Accuracy: known{missing}, Loss: missing}
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*s = Scores{
		Point:        Point{Epoch: j.Epoch, Step: j.Step, Loss: float64(j.Loss), Accuracy: float64(j.Accuracy), BalancedAccuracy: float64(j.BalancedAccuracy)},
		Top5Accuracy: float64(j.Top5Accuracy.Number), Metrics: j.Metrics,
	}
	return nil
}

// Line is the line of a training step.
func (p Point) Line(at time.Time) Line {
	return Line{Kind: StepLine, Split: "train", Scores: Scores{Point: p}, Time: at}
}

// Line is the line of an evaluation.
func (s Scores) Line(at time.Time) Line {
	return Line{Kind: EpochLine, Split: "test", Scores: s, Time: at}
}

// Points splits the points of lines into those of training steps and of evaluations.
func Points(lines []Line) (train, test []Point) {
	for _, l := range lines {
		if l.Kind == StepLine {
			train = append(train, l.Point)
		} else {
			test = append(test, l.Point)
		}
	}
	return train, test
}
