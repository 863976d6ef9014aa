package nn

import "errors"

var (
	// ErrModule is wrapped by errors about modules whose fields make no sense.
	ErrModule = errors.New("bad module")
	// ErrShape is wrapped by errors about inputs of a shape that a layer cannot take.
	ErrShape = errors.New("shapes do not fit")
)
