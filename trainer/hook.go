package trainer

import (
	"time"

	"github.com/euryale-ml/euryale/metrics"
)

// Hook is told what happens in a run, in Fit's goroutine, one call at a time: progress,
// figures and trackers are hooks. All functions may be nil. An error or a panic of a
// hook goes to the Logger and never ends the run.
type Hook struct {
	Name string
	// Start comes before the first step.
	Start func(Start) error
	// Step comes after each training step.
	Step func(StepEvent) error
	// Evaluating comes after each batch of an evaluation.
	Evaluating func(done, total int) error
	// Epoch comes after each evaluation, before its checkpoint.
	Epoch func(EpochEvent) error
	// End comes last, also after an error.
	End func(*Report, error) error
}

// Start describes a run that begins or goes on.
type Start struct {
	Trainer      *Trainer
	Epochs       int
	StepsAnEpoch int
	Step         int // steps done before, when resuming
}

// StepEvent is a training step: the batch's values before its update. With mixup the
// accuracies count each image as of the class with the larger share.
type StepEvent struct {
	Epoch, Step      int // both from 1, Step over the whole run
	Batch            int // within the epoch, from 1
	Loss             float64
	Accuracy         float64
	BalancedAccuracy float64
	LR               float64
	GradientNorm     float64 // before clipping; 0 without
	ImagesPerSecond  float64
	// Waited is how long the step waited for its images.
	Waited time.Duration
	Time   time.Time
}

// EpochEvent is an evaluation of the test set after an epoch.
type EpochEvent struct {
	Epoch, Step int
	Test        Scores
	Best        bool // strictly better than all before
	Confusion   *metrics.ConfusionMatrix
	// Predictions are of each test image that could be decoded, in the set's order.
	Predictions []Prediction
	Time        time.Time
}
