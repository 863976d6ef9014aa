package trainer

import (
	"context"
	"fmt"
	"time"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// evaluate classifies the test set in evaluation mode.
func (t *Trainer) evaluate(ctx context.Context) (EpochEvent, error) {
	return t.evaluateOn(ctx, t.test, t.sets.test)
}

// evaluateOn classifies the images of a loader in evaluation mode; set is the loader's.
func (t *Trainer) evaluateOn(ctx context.Context, loader *dataset.Loader, set dataset.Dataset) (EpochEvent, error) {
	counts := metrics.NewConfusionMatrix(len(t.classes))
	top5 := metrics.NewTopK(5)
	var loss metrics.Mean
	var all []run.Prediction
	done := 0
	for b, err := range loader.Batches(ctx, 1) {
		if err != nil {
			return EpochEvent{}, err
		}
		r, err := t.session.Evaluate(b.Images, b.Labels, min(t.config.TestBatch, loader.Len()))
		if err != nil {
			return EpochEvent{}, err
		}
		if err := counts.Add(b.Labels, r.Predicted); err != nil {
			return EpochEvent{}, err
		}
		if err := top5.Add(b.Labels, r.Logits, len(t.classes)); err != nil {
			return EpochEvent{}, err
		}
		loss.Add(r.Loss, float64(b.N))
		all = append(all, predictions(set, b, r)...)
		done += b.N
		t.callHooks("evaluating", func(h *Hook) error {
			if h.Evaluating == nil {
				return nil
			}
			return h.Evaluating(done, loader.Len())
		})
	}
	if done == 0 {
		return EpochEvent{}, fmt.Errorf("trainer: %w: none of the %d test images can be decoded", ErrBatch, loader.Len())
	}
	s := run.Scores{
		Point: run.Point{
			Epoch: t.at.Epoch, Step: t.at.Step, Loss: loss.Value(), Accuracy: counts.Accuracy(), BalancedAccuracy: counts.BalancedAccuracy(),
		},
		Top5Accuracy: top5.Value(),
	}
	return EpochEvent{Epoch: s.Epoch, Step: s.Step, Test: s, Confusion: counts, Predictions: all, Time: time.Now()}, nil
}
