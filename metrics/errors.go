package metrics

import (
	"errors"
	"fmt"
)

var (
	// ErrLabel is wrapped by errors about labels or predictions that are no class.
	ErrLabel = errors.New("label out of range")
	// ErrLength is wrapped by errors about labels and predictions that do not pair up.
	ErrLength = errors.New("lengths differ")
	// ErrClasses is wrapped by errors about metrics of other numbers of classes, or
	// other k, that cannot be merged.
	ErrClasses = errors.New("metrics of different kinds")
)

// check is the first error of a batch; classes < 0 means any number of them.
func check(metric string, labels, predicted []int64, classes int) error {
	if len(labels) != len(predicted) {
		return fmt.Errorf("metrics: %s: %w: %d labels, %d predictions", metric, ErrLength, len(labels), len(predicted))
	}
	if err := inRange(metric, "label", labels, classes); err != nil {
		return err
	}
	return inRange(metric, "prediction", predicted, classes)
}

func inRange(metric, what string, values []int64, classes int) error {
	for i, v := range values {
		switch {
		case v < 0 && classes < 0:
			return fmt.Errorf("metrics: %s: %w: %s %d is %d, want at least 0", metric, ErrLabel, what, i, v)
		case classes >= 0 && (v < 0 || v >= int64(classes)):
			return fmt.Errorf("metrics: %s: %w: %s %d is %d, want 0 to %d", metric, ErrLabel, what, i, v, classes-1)
		}
	}
	return nil
}
