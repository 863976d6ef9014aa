package trainer

import (
	"time"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// Hook has functions that are called at the events of a run, in Fit's goroutine, one call at
// a time: progress, figures and trackers are hooks. All functions may be nil. An error or a
// panic of a function does not end the run: it is counted in Report.HookFaults, and the
// first of each function is logged.
//
// An error that wraps ErrStop is no fault and ends the run, whose status is Finished with
// the error in Report.Reason. From Start or Step it ends the run after the step as MaxSteps
// does, with an evaluation and a checkpoint (from Start at step 0 nothing is trained), else
// after the evaluation and its checkpoint. Such a run trains on when it is resumed.
type Hook struct {
	Name string
	// Start comes before the first step.
	Start func(Start) error
	// Step comes after each training step.
	Step func(StepEvent) error
	// Evaluating comes after each batch of an evaluation.
	Evaluating func(done, total int) error
	// Measure comes after each evaluation, before it is compared with the best one and
	// recorded, and returns further metrics under names that metrics.CheckName allows. They
	// are in Test.Metrics of the event of Epoch, in the run's files and its trackers, as
	// test/NAME, and Config.Best may name one. Values that are not finite are null in files. A
	// name that another hook uses is a fault.
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
	Step          int // steps done so far; 0 unless the run is resumed
}

// StepEvent is a training step: the values of its images before the update. With mixup an
// image has the class with the larger share in the accuracies.
type StepEvent struct {
	run.Point
	Batch        int     // of the epoch, the step's last one, from 1
	GradientNorm float64 // 2-norm before clipping; 0 without Config.ClipNorm
	// Waited is how long the step waited for its images.
	Waited time.Duration
	Time   time.Time
}

// EpochEvent is an evaluation of the test set after an epoch.
type EpochEvent struct {
	Epoch, Step int
	Test        run.Scores
	// Train has the means over the epoch's training steps, with those from before the run was
	// resumed.
	Train run.TrainEpoch
	// Best is true if Test is strictly better than all before, by Config.Best. With a test
	// loss that is not finite it is false.
	Best      bool
	Confusion *metrics.ConfusionMatrix
	// Predictions are of each test image that could be decoded, in the set's order.
	Predictions []run.Prediction
	Time        time.Time
}
