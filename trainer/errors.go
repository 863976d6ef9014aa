package trainer

import "errors"

var (
	// ErrConfig: a setting is missing or cannot be used.
	ErrConfig = errors.New("bad training configuration")
	// ErrBatch: a batch's images or target do not fit the model.
	ErrBatch = errors.New("bad batch")
	// ErrFolder: a run's folder is in use, incomplete, damaged or not empty.
	ErrFolder = errors.New("bad run folder")
	// ErrSplit: the images are not those that the run to resume was trained and tested on,
	// see Trainer.Split.
	ErrSplit = errors.New("other images")
	// ErrDiverged: the training loss, the gradient's norm, a weight, a running statistic or a
	// slot of the optimizer is not finite. A test loss that is not finite is no error; its
	// epoch is never the best.
	ErrDiverged = errors.New("training diverged")
	// ErrStop ends a run without an error when a function of a Hook returns it, see Hook.
	ErrStop = errors.New("stop the run")
	// ErrPanic: code of a data set, a transform, a schedule or the like panicked.
	ErrPanic = errors.New("panic")
)
