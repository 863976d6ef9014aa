package device

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that devices wrap.
var (
	// ErrOrder is wrapped by errors about calls in an order that a Device does not allow:
	// Begin while a run is open, Submit without Begin.
	ErrOrder = errors.New("called out of order")
	// ErrClosed is wrapped by errors of a device that has been closed.
	ErrClosed = errors.New("the device is closed")
)

// Fault is the error of a kernel that failed while it ran. Submit, Wait, or a call that waited
// returns it: use errors.As.
type Fault struct {
	// Step is the step of the kernel; nil if the device does not know it, and for copies.
	// The engine's synchronous mode (Spec.Synchronous, EURYALE_SYNC=1) always finds it.
	Step *Step
	// Lost: the device and the contents of its memory cannot be used any more.
	Lost bool
	Err  error
}

// Error names the layer, the kind and the node: "layer1.0.conv2 Conv2D (node h): …".
func (f *Fault) Error() string {
	where := "a step"
	if s := f.Step; s != nil {
		where = strings.TrimSpace(s.Path + " " + s.Kind.String())
		if len(s.Out) > 0 && s.Out[0].Name != "" {
			where += " (node " + s.Out[0].Name + ")"
		}
	}
	if f.Lost {
		where += ": the device is lost"
	}
	return where + ": " + f.Err.Error()
}

// Unwrap is the underlying error.
func (f *Fault) Unwrap() error { return f.Err }

// Caught makes the Fault of a step from a recovered panic's value r.
func Caught(s *Step, r any) *Fault {
	switch e := r.(type) {
	case *Fault:
		return e
	case error:
		return &Fault{Step: s, Err: e}
	}
	return &Fault{Step: s, Err: fmt.Errorf("%v", r)}
}
