package trainer

import "errors"

var (
	// ErrConfig is wrapped by errors about settings that make no sense.
	ErrConfig = errors.New("bad training configuration")
	// ErrBatch is wrapped by errors about batches that the model cannot take.
	ErrBatch = errors.New("bad batch")
	// ErrFolder is wrapped by errors about a run's folder.
	ErrFolder = errors.New("bad run folder")
	// ErrSplit says that the images of a run that is to be resumed are not those that it
	// was trained and tested on, see Split.
	ErrSplit = errors.New("other images")
	// ErrDiverged says that the training loss, a weight, a running statistic or a slot of
	// the optimizer is not finite any more. A test loss may be: it only is never the best.
	ErrDiverged = errors.New("training diverged")
	// ErrStop, or an error that wraps it, from a function of a Hook ends a run well, see Hook.
	ErrStop = errors.New("stop the run")
	// ErrPanic says that code of a data set, a transform, a schedule or the like panicked.
	ErrPanic = errors.New("panic")
)
