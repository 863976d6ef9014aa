package trainer

import (
	"time"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// Hook is called at the events of a run, in Fit's goroutine, one call at a time: progress,
// figures and trackers are hooks. All functions may be nil. An error or a panic of a
// function does not end the run; it is in Report.HookFaults, and the first of its kind goes
// to the Logger.
//
// An error that wraps ErrStop is no fault and ends the run, whose status is Finished with
// the error in Report.Reason: after the step, if it comes from Start or Step, with an
// evaluation and a checkpoint as MaxSteps ends it, or after the evaluation and its
// checkpoint; from Start at step 0 nothing is trained. A run that was ended so is trained
// further when it is resumed.
type Hook struct {
	Name string
	// Start comes before the first step.
	Start func(Start) error
	// Step comes after each training step.
	Step func(StepEvent) error
	// Evaluating comes after each batch of an evaluation.
	Evaluating func(done, total int) error
	// Measure comes after each evaluation, before it is judged and recorded, and returns
	// metrics of its own by names that metrics.CheckName allows. They are in the event's
	// Test.Metrics for Epoch, in the run's files and its trackers, as test/NAME, and
	// Config.Best may name one. What is not finite is null in files. A name that another
	// hook gave before is a fault.
	Measure func(EpochEvent) (map[string]float64, error)
	// Epoch comes after each evaluation, before its checkpoint.
	Epoch func(EpochEvent) error
	// End comes last, also after an error.
	End func(*run.Report, error) error
}

// Start describes a run that begins or is resumed.
type Start struct {
	Trainer       *Trainer
	Epochs        int
	StepsPerEpoch int
	Step          int // steps done before, when resuming
}

// StepEvent is a training step: the batch's values before its update. With mixup the
// accuracies count each image as of the class with the larger share.
type StepEvent struct {
	run.Point
	Batch        int     // within the epoch, from 1
	GradientNorm float64 // before clipping; 0 without
	// Waited is how long the step waited for its images.
	Waited time.Duration
	Time   time.Time
}

// EpochEvent is an evaluation of the test set after an epoch.
type EpochEvent struct {
	Epoch, Step int
	Test        run.Scores
	// Train is of the epoch's training steps, with those from before the run was resumed.
	Train run.TrainEpoch
	// Best says that Test is strictly better than all before, by Config.Best. It never is
	// with a test loss that is not finite.
	Best      bool
	Confusion *metrics.ConfusionMatrix
	// Predictions are of each test image that could be decoded, in the set's order.
	Predictions []run.Prediction
	Time        time.Time
}
