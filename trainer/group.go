package trainer

import (
	"fmt"
	"math"
	"time"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// group is the batches of one step.
type group struct {
	batches, images   int
	loss              float64 // the mean over the images so far, times images/all of the step
	labels, predicted []int64
	waited            time.Duration
	last              time.Time // of the last step's end
}

// trainOn trains on a batch. After the last batch of a step it records the step, and
// stepDone is true.
func (t *Trainer) trainOn(b *dataset.Batch, g *group) (stepDone bool, err error) {
	lr := t.lr(t.at.Step + 1)
	r, err := t.trainPart(b, g, lr)
	if err != nil {
		return false, err
	}
	if math.IsNaN(r.Loss) || math.IsInf(r.Loss, 0) {
		return false, fmt.Errorf("trainer: step %d (epoch %d): %w: the loss is %v at learning rate %g; a lower rate, or warm-up, usually helps",
			t.at.Step+1, t.at.Epoch, ErrDiverged, r.Loss, lr)
	}
	g.batches++
	g.images += b.N
	g.labels, g.predicted = append(g.labels, b.Dominant()...), append(g.predicted, r.Predicted...)
	if g.batches < t.batchesOfStep() {
		return false, nil
	}
	if t.config.Accumulate > 1 {
		if r.Norm, err = t.step.Apply(lr); err != nil {
			return false, err
		}
	}
	return true, t.recordStep(g, r.Norm, lr)
}

// trainPart trains on a batch: a step of its own or, with Config.Accumulate, a part of one.
func (t *Trainer) trainPart(b *dataset.Batch, g *group, lr float64) (Result, error) {
	if t.config.Accumulate <= 1 {
		r, err := t.step.Train(b.Images, t.target(b), lr)
		g.loss = r.Loss
		return r, err
	}
	share := float64(b.N) / float64(t.imagesOfStep())
	r, err := t.step.Accumulate(b.Images, t.target(b), share)
	g.loss += share * r.Loss
	return r, err
}

// batchesOfStep is the number of batches in the current step.
func (t *Trainer) batchesOfStep() int { return min(t.config.Accumulate, t.train.Steps()-t.at.Batch) }

// imagesOfStep is the number of images in the current step.
func (t *Trainer) imagesOfStep() int {
	n := t.batchesOfStep() * t.config.Batch
	if short := t.train.ShortBatch(); short > 0 && t.at.Batch+t.batchesOfStep() == t.train.Steps() {
		n += short - t.config.Batch
	}
	return n
}

// recordStep records a step that is done and begins another group.
func (t *Trainer) recordStep(g *group, norm, lr float64) error {
	t.at.Step++
	t.at.Batch += g.batches
	t.images += int64(g.images)
	counts := metrics.NewConfusionMatrix(len(t.classes))
	if err := counts.Add(g.labels, g.predicted); err != nil {
		return err
	}
	now := time.Now()
	took := now.Sub(g.last)
	t.spent += took
	e := StepEvent{
		Point: run.Point{
			Epoch: t.at.Epoch, Step: t.at.Step, Loss: g.loss, Accuracy: counts.Accuracy(), BalancedAccuracy: counts.BalancedAccuracy(),
			LR: lr, Images: g.images, ImagesPerSecond: float64(g.images) / took.Seconds(),
		},
		Batch: t.at.Batch, GradientNorm: norm, Waited: g.waited, Time: now,
	}
	*g = group{labels: g.labels[:0], predicted: g.predicted[:0], last: now}
	t.trained.Add(e.Point)
	if err := t.record(e.Point.Line(now)); err != nil {
		return err
	}
	t.callHooks("step", func(h *Hook) error {
		if h.Step == nil {
			return nil
		}
		return h.Step(e)
	})
	return nil
}
