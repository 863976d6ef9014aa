package trainer

import "errors"

var (
	// ErrConfig is wrapped by errors about settings that make no sense.
	ErrConfig = errors.New("bad training configuration")
	// ErrBatch is wrapped by errors about batches that the model cannot take.
	ErrBatch = errors.New("bad batch")
	// ErrFolder is wrapped by errors about a run's folder.
	ErrFolder = errors.New("bad run folder")
	// ErrDiverged says that a loss is not finite any more.
	ErrDiverged = errors.New("training diverged")
)
