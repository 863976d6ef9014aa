package checkpoint

import "errors"

var (
	// ErrFormat is wrapped by errors about files that are not valid safetensors or .pth.
	ErrFormat = errors.New("not a good file of weights")
	// ErrPickle is wrapped, with ErrFormat, by errors about files of torch.save (.pth).
	ErrPickle = errors.New("of torch.save")
	// ErrTruncated is wrapped, with ErrFormat, by errors about files that end too early.
	ErrTruncated = errors.New("the file is cut short")
	// ErrDType is wrapped by errors about types of elements that are not supported.
	ErrDType = errors.New("type of elements not supported")
	// ErrTensor is wrapped by errors about tensors that cannot be written.
	ErrTensor = errors.New("bad tensor")
	// ErrMetadata is wrapped by errors about invalid metadata.
	ErrMetadata = errors.New("bad metadata")
	// ErrNewer is wrapped by errors about files of a later version of Euryale.
	ErrNewer = errors.New("written by a newer version")
	// ErrModel is wrapped by errors about weights of another model.
	ErrModel = errors.New("weights of another model")
	// ErrMatch is wrapped by errors about tensors that are missing, unknown or of a wrong shape.
	ErrMatch = errors.New("tensors do not match the model")
	// ErrNotFinite is wrapped by errors about weights that hold NaN or infinite values.
	ErrNotFinite = errors.New("values that are not finite")
	// ErrHead is wrapped by errors about a classifier with another number of classes.
	ErrHead = errors.New("classifier of another size")
)
