package trainer

import (
	"context"
	"time"
)

// epoch trains on what is left of the epoch in progress, evaluates and saves.
func (t *Trainer) epoch(ctx context.Context) error {
	loading := ctx
	if t.config.Accumulate > 1 { // a step of several batches is finished, not left half done
		loading = context.WithoutCancel(ctx)
	}
	asked := time.Now()
	g := &group{last: asked}
	for b, err := range t.train.BatchesFrom(loading, t.at.Epoch, t.at.Batch) {
		if err != nil {
			return interrupted(ctx, err)
		}
		if g.batches == 0 && ctx.Err() != nil {
			return &interruption{context.Cause(ctx)}
		}
		if t.stopping() {
			break
		}
		g.waited += time.Since(asked)
		stepDone, err := t.trainOn(b, g)
		if err != nil {
			return err
		}
		asked = time.Now()
		if !stepDone {
			continue
		}
		if ctx.Err() != nil {
			return &interruption{context.Cause(ctx)}
		}
		every := t.config.SaveEverySteps
		if every > 0 && t.at.Step%every == 0 && t.at.Batch < t.train.Steps() && !t.stopping() {
			if err := t.save(nil); err != nil {
				return err
			}
		}
		asked = time.Now()
	}
	return t.endEpoch(ctx)
}

// endEpoch evaluates, judges, records and saves.
func (t *Trainer) endEpoch(ctx context.Context) error {
	if err := t.checkState(); err != nil {
		return err
	}
	e, err := t.evaluate(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	t.noteOccurring(e.Confusion.Counts())
	t.measure(&e)
	e.Train = t.trained.Value()
	if err := t.judge(&e); err != nil {
		return err
	}
	if t.at.Batch >= t.train.Steps() {
		t.at.Epoch++
		t.at.Batch = 0
	}
	if err := t.record(e.Test.Line(e.Time)); err != nil {
		return err
	}
	t.callHooks("epoch", func(h *Hook) error {
		if h.Epoch == nil {
			return nil
		}
		return h.Epoch(e)
	})
	best := &e
	if !e.Best {
		best = nil
	}
	if err := t.save(best); err != nil {
		return err
	}
	return t.checkMeasured(e.Test)
}
