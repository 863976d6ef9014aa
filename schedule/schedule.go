package schedule

import (
	"errors"
	"fmt"
	"math"
)

// ErrConfig is wrapped by errors about invalid settings.
var ErrConfig = errors.New("bad schedule")

// Schedule gives each step its learning rate.
type Schedule interface {
	// LR returns the learning rate of a step, counted from 1 over the complete run. base is
	// the optimizer's rate; schedules do not store it.
	LR(base float64, step int) float64
}

// Validator is a Schedule that can check its fields against an optimizer's rate. All
// schedules of this package are Validators; a Trainer calls Validate before the first step.
type Validator interface {
	Schedule
	Validate(base float64) error
}

// Describer is a Schedule that can describe the rate after the warm-up in words, such as
// "cosine to 0".
type Describer interface {
	Schedule
	Describe(base float64, stepsPerEpoch int) string
}

// FieldError names a field of Options or of a schedule with an invalid value. It wraps
// ErrConfig.
type FieldError struct {
	Field string // "MinLR"
	Value any
	Want  string // the allowed values, in words
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("schedule: %s = %v: %v: want %s", e.Field, e.Value, ErrConfig, e.Want)
}

func (e *FieldError) Unwrap() error { return ErrConfig }

// LinearScaled is lr · batch / base: a rate found for batches of base images, scaled to
// batch images (Goyal et al. 2017, §2.1).
func LinearScaled(lr float64, batch, base int) float64 {
	return lr * float64(batch) / float64(base)
}

// warm is the rate of a warm-up step.
func warm(base float64, step, steps int) float64 {
	return base * float64(max(step, 1)) / float64(steps)
}

// between goes from a to b along half a cosine as done goes from 0 to 1.
func between(a, b, done float64) float64 {
	return b + (a-b)*(1+math.Cos(math.Pi*done))/2
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func positive(field string, v float64) error {
	if !(v > 0) || math.IsInf(v, 1) {
		return &FieldError{field, v, "a number greater than 0"}
	}
	return nil
}

func notNegative(field string, v float64) error {
	if !(v >= 0) || math.IsInf(v, 1) {
		return &FieldError{field, v, "a number of at least 0"}
	}
	return nil
}

func least(field string, v, want int) error {
	if v < want {
		return &FieldError{field, v, fmt.Sprintf("at least %d", want)}
	}
	return nil
}
