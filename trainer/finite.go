package trainer

import (
	"fmt"
	"math"
	"strings"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/metrics"
)

// Nothing that is not finite is ever saved: a NaN in a weight, a running statistic, an
// average or a slot of the optimizer stays for good, and would replace the last checkpoint
// from which the run could be resumed.

// checkState is checkFinite for all tensors that a checkpoint would hold.
func (t *Trainer) checkState() error {
	for _, name := range t.session.State().Names() {
		if strings.HasPrefix(name, gradientSlots) {
			continue
		}
		tensor, err := t.session.readSlot(name)
		if err != nil {
			return err
		}
		if err := t.checkFinite([]checkpoint.Tensor{tensor}); err != nil {
			return err
		}
	}
	return nil
}

// checkFinite is ErrDiverged, with the name of the first tensor that is not finite.
func (t *Trainer) checkFinite(tensors []checkpoint.Tensor) error {
	name, value := firstNotFinite(tensors)
	if name == "" {
		return nil
	}
	return fmt.Errorf("trainer: after step %d (epoch %d): %w: %s holds %v at learning rate %g; it is not saved, a checkpoint from before stays; "+
		"a lower rate, or warm-up, usually helps", t.at.Step, t.at.Epoch, ErrDiverged, name, value, t.lr(max(1, t.at.Step)))
}

// firstNotFinite is the name of the first tensor with a value that is NaN or infinite, and
// that value; "" if all are finite.
func firstNotFinite(tensors []checkpoint.Tensor) (name string, value float64) {
	for _, t := range tensors {
		switch data := t.Data.(type) {
		case []float32:
			for _, v := range data {
				if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
					return t.Name, float64(v)
				}
			}
		case []float64:
			for _, v := range data {
				if !metrics.Finite(v) {
					return t.Name, v
				}
			}
		}
	}
	return "", 0
}
