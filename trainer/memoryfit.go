package trainer

import (
	"errors"
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/internal/sysmem"
)

// ErrMemory: a run needs more memory than there is.
var ErrMemory = errors.New("not enough memory")

// doesNotFit is the error of a run that needs more than there bytes, which a bound leaves,
// with settings that fit.
func (t *Trainer) doesNotFit(b sysmem.Bound, there int64) error {
	return fmt.Errorf("trainer: %w: this run needs about %s, and %s leaves %s; %s", ErrMemory,
		sysmem.Text(t.memory.Total()), b.Name, sysmem.Text(there), t.settingsThatFit(there))
}

// settingsThatFit names settings with which the run fits into there bytes.
func (t *Trainer) settingsThatFit(there int64) string {
	there -= there / 20 // the estimate is not exact
	step := t.config.Batch * t.config.Accumulate
	gradients := int64(0) // bytes that accumulation adds
	if !t.session.deferred() {
		gradients = 2 * t.elementBytes() * int64(t.Parameters())
	}
	batch, text := divisorUpTo(step, t.largestBatch(there-gradients)), ""
	switch plain := t.largestBatch(there); {
	case plain == 0:
		return t.smallerImages(there)
	case batch > 1 && 4*batch > plain:
		text = fmt.Sprintf("data.batch=%d with train.accumulate=%d fits and keeps %d images a step", batch, step/batch, step)
	default:
		batch = plain
		text = fmt.Sprintf("data.batch=%d fits", batch)
	}
	if t.config.TestBatch != t.config.Batch && t.config.TestBatch > batch {
		text += fmt.Sprintf(", with data.test_batch=%d", batch)
	}
	return text
}

// largestBatch is the largest batch below Config.Batch that fits into there bytes; 0: none
// does.
func (t *Trainer) largestBatch(there int64) (largest int) {
	for low, high := 1, t.config.Batch-1; low <= high; {
		n := (low + high) / 2
		if u, err := t.measureMemory(n, min(n, t.config.TestBatch)); err == nil && u.Total() <= there {
			largest, low = n, n+1
		} else {
			high = n - 1
		}
	}
	return largest
}

// divisorUpTo is the largest divisor of n that is at most limit; 0 if limit is 0.
func divisorUpTo(n, limit int) int {
	for limit > 0 && n%limit != 0 {
		limit--
	}
	return limit
}

// smallerImages is the advice if not even one image at a time fits.
func (t *Trainer) smallerImages(there int64) string {
	least, err := t.measureMemory(1, 1)
	if err != nil {
		return "a smaller model needs less"
	}
	const multiple = 32 // pixels, since the models halve the sides five times
	room := float64(there - least.Total() + least.Work)
	crop := int(math.Sqrt(max(room, 0)/float64(max(least.Work, 1)))*float64(t.config.Crop)) / multiple * multiple
	if crop < multiple || crop >= t.config.Crop {
		return fmt.Sprintf("even data.batch=1 needs %s: a smaller model needs less", sysmem.Text(least.Total()))
	}
	return fmt.Sprintf("even data.batch=1 needs %s: data.batch=1 with data.crop=%d fits, or a smaller model", sysmem.Text(least.Total()), crop)
}
