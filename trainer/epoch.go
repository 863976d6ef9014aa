package trainer

import (
	"context"
	"time"
)

// epoch trains on the rest of the current epoch, evaluates and saves. While the device trains
// on a batch, the next one is loaded and copied to the device; it is started when the results
// of the one before have been recorded.
func (t *Trainer) epoch(ctx context.Context) error {
	loading := ctx
	if t.config.Accumulate > 1 { // a step of several batches is finished, not left half done
		loading = context.WithoutCancel(ctx)
	}
	t.session.drop()
	now := time.Now()
	g := &group{last: now, idle: now}
	for b, err := range t.train.BatchesFrom(loading, t.at.Epoch, t.at.Batch) {
		arrived := time.Now()
		if err == nil {
			err = t.bindBatch(b, g)
		}
		if err := t.finish(ctx, g); err != nil {
			return err
		}
		if err != nil {
			return interrupted(ctx, err)
		}
		if g.batches == 0 && ctx.Err() != nil {
			return &interruption{context.Cause(ctx)}
		}
		if t.stopping() {
			break
		}
		g.waited += max(0, arrived.Sub(g.idle))
		if err := t.startBatch(b, g); err != nil {
			return err
		}
	}
	if err := t.finish(ctx, g); err != nil {
		return err
	}
	return t.endEpoch(ctx)
}

// finish ends the training on a batch. After the last batch of a step it saves a checkpoint if
// one is due, or returns an interruption if ctx has ended.
func (t *Trainer) finish(ctx context.Context, g *group) error {
	stepDone, err := t.finishBatch(g)
	if err != nil || !stepDone {
		return err
	}
	if ctx.Err() != nil {
		return &interruption{context.Cause(ctx)}
	}
	every := t.config.SaveEverySteps
	if every > 0 && t.at.Step%every == 0 && t.at.Batch < t.train.Steps() && !t.stopping() {
		return t.save(nil)
	}
	return nil
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
