package viz

import "errors"

var (
	// ErrEmpty is wrapped by errors about input without anything to draw.
	ErrEmpty = errors.New("nothing to draw")
	// ErrMismatch is wrapped by errors about parts of the input that do not fit
	// together, such as a matrix of three rows and the names of two classes.
	ErrMismatch = errors.New("parts that do not fit together")
)
