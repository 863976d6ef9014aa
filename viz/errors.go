package viz

import "errors"

var (
	// ErrEmpty is wrapped where there is nothing to draw.
	ErrEmpty = errors.New("nothing to draw")
	// ErrMismatch is wrapped where parts of the input do not fit together, such
	// as a matrix of three rows and the names of two classes.
	ErrMismatch = errors.New("parts that do not fit together")
)
