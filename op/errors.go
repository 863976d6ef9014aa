package op

import (
	"errors"
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/device"
)

// Errors of this package name the operator, the layer's path and the operand that does
// not fit, and match one of these with errors.Is.
var (
	// ErrShape: an operand's shape does not fit the other operands or the attributes.
	ErrShape = errors.New("op: shapes do not fit")
	// ErrType: an operand has the wrong element type, or is missing.
	ErrType = errors.New("op: wrong type of operand")
	// ErrAttribute: an attribute has an invalid value.
	ErrAttribute = errors.New("op: bad attribute")
	// ErrLabel: a label is outside the range of classes.
	ErrLabel = errors.New("op: label out of range")
	// ErrGradient: an operator has no gradient.
	ErrGradient = errors.New("op: not differentiable")
	// ErrKernel: a kernel panicked: a defect of this module.
	ErrKernel = errors.New("op: kernel panicked")
)

// opError is a message that matches a sentinel without repeating its words.
type opError struct {
	message  string
	sentinel error
}

func (e *opError) Error() string { return e.message }
func (e *opError) Unwrap() error { return e.sentinel }

func errorf(kind device.Kind, path string, sentinel error, format string, args ...any) error {
	return &opError{where(kind, path) + ": " + fmt.Sprintf(format, args...), sentinel}
}

// where is "op: conv2d at layer1.0.conv2".
func where(kind device.Kind, path string) string {
	s := "op: " + strings.ToLower(kind.String())
	if path != "" {
		s += " at " + path
	}
	return s
}
