package trainer

import "errors"

var (
	// ErrConfig is wrapped by errors about settings that make no sense.
	ErrConfig = errors.New("bad training configuration")
	// ErrBatch is wrapped by errors about batches that the model cannot take.
	ErrBatch = errors.New("bad batch")
)
