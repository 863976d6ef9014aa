package nn

import (
	"errors"
	"fmt"

	"github.com/euryale-ml/euryale/op"
)

// Errors of this package name the layer's path and the value that is wrong, and match
// one of these with errors.Is.
var (
	// ErrModule: a module's fields, name or position in the model are invalid.
	ErrModule = errors.New("nn: bad module")
	// ErrShape: an input has a shape that a layer cannot take. It is op.ErrShape.
	ErrShape = op.ErrShape
)

// layerError is a message that matches a sentinel without repeating its words.
type layerError struct {
	message  string
	sentinel error
}

func (e *layerError) Error() string { return e.message }
func (e *layerError) Unwrap() error { return e.sentinel }

// errorf makes the message "nn: path: …"; without a path, "nn: …".
func errorf(path string, sentinel error, format string, args ...any) error {
	if path != "" {
		path += ": "
	}
	return &layerError{"nn: " + path + fmt.Sprintf(format, args...), sentinel}
}
