package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/track"
)

// Fit trains to the end of the run: all epochs, MaxSteps, or Patience. When ctx ends, the
// step that is being made is completed and saved, the report's status is Interrupted, and
// the error is ctx's cause; before the first step has ended nothing is saved. Any other
// error, also one that comes while ctx has ended, leaves the last checkpoint as it is. A
// run whose weights are not finite any more ends with ErrDiverged and is never saved.
// After an error the report says how far the run came. Calling Fit on a run that is
// complete returns its report.
func (t *Trainer) Fit(ctx context.Context) (*Report, error) {
	t.began = time.Now()
	if r := t.finished(); r != nil {
		return r, nil
	}
	t.tell("start", func(h *Hook) error {
		if h.Start == nil {
			return nil
		}
		return h.Start(Start{Trainer: t, Epochs: t.config.Epochs, StepsAnEpoch: t.stepsAnEpoch(), Step: t.at.Step})
	})
	status, err := t.conclude(t.safely("training", func() error { return t.run(ctx) }))
	r := t.report(status, err)
	if t.config.Dir != "" {
		if werr := r.write(t.config.Dir); werr != nil && err == nil {
			err = fmt.Errorf("trainer: %w", werr)
		}
	}
	t.tell("end", func(h *Hook) error {
		if h.End == nil {
			return nil
		}
		return h.End(r, err)
	})
	return r, err
}

// conclude saves a run that was interrupted, waits for its last checkpoint, and gives the
// run's status and error.
func (t *Trainer) conclude(err error) (string, error) {
	status := Finished
	if stop, ok := err.(*interruption); ok {
		status, err = Interrupted, stop.cause
		if t.at.Step > 0 {
			if serr := t.safely("saving", func() error { return t.save(nil) }); serr != nil {
				status, err = Failed, fmt.Errorf("%w, and then: %w", err, serr)
			}
		}
	} else if err != nil {
		status = Failed
	}
	if t.saver == nil {
		return status, err
	}
	if werr := t.saver.wait(); werr != nil && err != nil {
		status, err = Failed, fmt.Errorf("%w, and then: %w", err, werr)
	} else if werr != nil {
		status, err = Failed, werr
	}
	return status, err
}

// interruption says that a run stopped between two steps because its context had ended.
type interruption struct{ cause error }

func (i *interruption) Error() string { return "interrupted: " + i.cause.Error() }

// interrupted makes an interruption of an error that came between two steps, if it is the
// context's own and not a fault that came while the context had ended.
func interrupted(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause != nil && (errors.Is(err, cause) || errors.Is(err, ctx.Err())) {
		return &interruption{cause}
	}
	return err
}

// safely makes a call and turns a panic, of a data set or an optimizer for example, into an
// error: the caller still waits for the checkpoint and reports.
func (t *Trainer) safely(what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("trainer: %w in %s: %v", ErrPanic, what, p)
			t.logError("panic", "in", what, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return call()
}

// finished is the report of a run that has nothing left to train and says so, or nil.
func (t *Trainer) finished() *Report {
	if t.config.Dir == "" || !t.done() {
		return nil
	}
	r, err := ReadReport(t.config.Dir)
	if err != nil || r.Status != Finished || r.Steps != t.at.Step {
		return nil
	}
	return r
}

func (t *Trainer) run(ctx context.Context) error {
	for !t.done() {
		if err := t.epoch(ctx); err != nil {
			return err
		}
	}
	return t.testFinal(ctx)
}

// done reports whether nothing is left to train.
func (t *Trainer) done() bool {
	c := t.config
	if t.at.Epoch > c.Epochs {
		return true
	}
	if t.at.Last == nil || t.at.Last.Step != t.at.Step { // steps since the last evaluation
		return false
	}
	return t.enough() || t.impatient()
}

// impatient reports whether Patience epochs brought no better test accuracy.
func (t *Trainer) impatient() bool {
	return t.config.Patience > 0 && t.sinceBest() >= t.config.Patience
}

// enough reports whether MaxSteps are done.
func (t *Trainer) enough() bool { return t.config.MaxSteps > 0 && t.at.Step >= t.config.MaxSteps }

// sinceBest is the number of epochs since the best one.
func (t *Trainer) sinceBest() int { return t.at.Last.Epoch - t.at.Best.Epoch }

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
		if t.enough() {
			break
		}
		g.waited += time.Since(asked)
		whole, err := t.trainOn(b, g)
		if err != nil {
			return err
		}
		asked = time.Now()
		if !whole {
			continue
		}
		if ctx.Err() != nil {
			return &interruption{context.Cause(ctx)}
		}
		every := t.config.SaveEverySteps
		if every > 0 && t.at.Step%every == 0 && t.at.Batch < t.train.Steps() {
			if err := t.save(nil); err != nil {
				return err
			}
		}
		asked = time.Now()
	}
	return t.endEpoch(ctx)
}

// endEpoch evaluates, notes the best, and saves.
func (t *Trainer) endEpoch(ctx context.Context) error {
	if err := t.checkState(); err != nil {
		return err
	}
	e, err := t.evaluate(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	t.noteOccurring(e.Confusion.Counts())
	if math.IsNaN(e.Test.Loss) || math.IsInf(e.Test.Loss, 0) {
		return fmt.Errorf("trainer: epoch %d: %w: the test loss is %v", t.at.Epoch, ErrDiverged, e.Test.Loss)
	}
	scores := e.Test
	t.at.Last = &scores
	if e.Best = t.at.Best == nil || scores.Accuracy > t.at.Best.Accuracy; e.Best {
		t.at.Best = &scores
		if err := t.keepBest(); err != nil {
			return err
		}
	}
	if t.at.Batch >= t.train.Steps() {
		t.at.Epoch++
		t.at.Batch = 0
	}
	if err := t.record(track.Line{
		Kind: track.EpochLine, Epoch: e.Epoch, Step: e.Step, Split: "test", Loss: scores.Loss, Accuracy: scores.Accuracy,
		BalancedAccuracy: scores.BalancedAccuracy, Top5Accuracy: track.Some(scores.Top5Accuracy), Time: e.Time,
	}); err != nil {
		return err
	}
	t.tell("epoch", func(h *Hook) error {
		if h.Epoch == nil {
			return nil
		}
		return h.Epoch(e)
	})
	if !e.Best {
		return t.save(nil)
	}
	return t.save(&e)
}

// evaluate classifies the test set in evaluation mode.
func (t *Trainer) evaluate(ctx context.Context) (EpochEvent, error) {
	return t.evaluateOn(ctx, t.test, t.sets.test)
}

// evaluateOn classifies the images of a loader and its set.
func (t *Trainer) evaluateOn(ctx context.Context, loader *dataset.Loader, set dataset.Dataset) (EpochEvent, error) {
	counts := metrics.NewConfusionMatrix(len(t.classes))
	top5 := metrics.NewTopK(5)
	var loss metrics.Mean
	var all []Prediction
	done := 0
	for b, err := range loader.Batches(ctx, 1) {
		if err != nil {
			return EpochEvent{}, err
		}
		r, err := t.step.Evaluate(b.Images, b.Labels, min(t.config.TestBatch, loader.Len()))
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
		t.tell("evaluating", func(h *Hook) error {
			if h.Evaluating == nil {
				return nil
			}
			return h.Evaluating(done, loader.Len())
		})
	}
	if done == 0 {
		return EpochEvent{}, fmt.Errorf("trainer: %w: none of the %d test images can be decoded", ErrBatch, loader.Len())
	}
	s := Scores{
		Epoch: t.at.Epoch, Step: t.at.Step, Loss: loss.Value(), Accuracy: counts.Accuracy(), BalancedAccuracy: counts.BalancedAccuracy(),
		Top5Accuracy: top5.Value(),
	}
	return EpochEvent{Epoch: s.Epoch, Step: s.Step, Test: s, Confusion: counts, Predictions: all, Time: time.Now()}, nil
}

// record writes a line of the metrics.
func (t *Trainer) record(l track.Line) error {
	if t.log == nil {
		return nil
	}
	if err := t.log.Append(l); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	return nil
}

// report sums the run up.
func (t *Trainer) report(status string, err error) *Report {
	seconds := t.seconds + time.Since(t.began).Seconds()
	r := &Report{
		Name: t.config.Name, Model: modelName(t.model), Status: status, Best: t.at.Best, Last: t.at.Last,
		Epochs: t.at.Epoch - 1, Steps: t.at.Step, Parameters: t.Parameters(), MultiplyAdds: t.MultiplyAdds(), Seconds: seconds,
		Final: t.finalScores, FinalImages: t.FinalImages(), TrainImages: t.train.Len(), TestImages: t.test.Len(), BadTestImages: len(t.test.Bad()), BadTrainImages: len(t.train.Bad()),
		Device: t.device.Describe(), Precision: "float32", Threads: t.device.Threads(), Seed: t.config.Seed, Versions: versions(),
	}
	if r.Name == "" {
		r.Name = r.Model
	}
	if err != nil {
		r.Error = err.Error()
	}
	if t.config.Float64 {
		r.Precision = "float64"
	}
	if t.spent > 0 {
		r.ImagesPerSecond = float64(t.images) / t.spent.Seconds()
	}
	if t.at.Last != nil {
		r.EpochsSinceBest = t.sinceBest()
		r.Saturated = r.EpochsSinceBest >= saturatedAfter
		r.StoppedEarly = t.at.Epoch <= t.config.Epochs && !t.enough() && t.impatient()
	}
	return r
}
