package trainer

import (
	"fmt"
	"time"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// group is the state of one step, of one or more batches.
type group struct {
	batches, images   int     // started so far
	loss              float64 // the mean over the images so far, times images/all of the step
	labels, predicted []int64
	waited            time.Duration
	last              time.Time // of the last step's end

	running bool    // a batch is in training
	share   float64 // of that batch in its step
	lr      float64
	started time.Time // when its training began
	idle    time.Time // since when the device has no work
}

// bindBatch copies the next batch to the device, which may still train on the one before.
func (t *Trainer) bindBatch(b *dataset.Batch, g *group) error {
	first := g.batches == 0 || g.batches == t.batchesOfStep()
	return t.session.bind(b.Images, t.target(b), !first)
}

// startBatch begins training on the batch that was bound: a step or, with
// Config.Accumulate, a part of one.
func (t *Trainer) startBatch(b *dataset.Batch, g *group) (err error) {
	g.lr, g.share = t.lr(t.at.Step+1), 1
	if t.config.Accumulate > 1 {
		g.share = float64(b.N) / float64(t.imagesOfStep())
		err = t.session.startPart(g.share)
	} else {
		err = t.session.Start(g.lr)
	}
	if err != nil {
		return err
	}
	g.batches++
	g.images += b.N
	g.labels = append(g.labels, b.Dominant()...) // b's memory is used again before the step is recorded
	g.running, g.started = true, time.Now()
	return nil
}

// finishBatch waits for the batch in training, if there is one. After the last batch of a
// step it records the step, and stepDone is true.
func (t *Trainer) finishBatch(g *group) (stepDone bool, err error) {
	if !g.running {
		return false, nil
	}
	g.running = false
	r, err := t.waitBatch()
	if err != nil {
		return false, err
	}
	g.idle = g.started.Add(t.session.took)
	if !metrics.Finite(r.Loss) {
		return false, fmt.Errorf("trainer: step %d (epoch %d): %w: the loss is %v at learning rate %g; a lower rate, or warm-up, usually helps",
			t.at.Step+1, t.at.Epoch, ErrDiverged, r.Loss, g.lr)
	}
	g.loss += g.share * r.Loss
	g.predicted = append(g.predicted, r.Predicted...)
	if g.batches < t.batchesOfStep() {
		return false, nil
	}
	if t.config.Accumulate > 1 {
		if r.Norm, err = t.session.Apply(g.lr); err != nil {
			return false, err
		}
	}
	return true, t.recordStep(g, r.Norm)
}

func (t *Trainer) waitBatch() (Result, error) {
	if t.config.Accumulate > 1 {
		return t.session.waitPart()
	}
	return t.session.Wait()
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

// recordStep records a step that is done and resets the group for the next one.
func (t *Trainer) recordStep(g *group, norm float64) error {
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
			LR: g.lr, Images: g.images, ImagesPerSecond: float64(g.images) / took.Seconds(),
		},
		Batch: t.at.Batch, GradientNorm: norm, Waited: g.waited, Time: now,
	}
	*g = group{labels: g.labels[:0], predicted: g.predicted[:0], last: now, idle: g.idle}
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
