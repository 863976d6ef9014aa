package trainer

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/run"
)

// Fit trains to the end of the run: all epochs, MaxSteps, Patience, or a hook's ErrStop.
// When ctx ends, the current step is completed and saved, the report's status is
// Interrupted, and the error is ctx's cause; another Fit resumes. Before the first step has
// ended nothing is saved. Any other error, also one that comes after ctx has ended, leaves
// the last checkpoint as it is. A run whose weights are no longer finite ends with
// ErrDiverged and is not saved. After an error, too, the report has the steps and scores so
// far. Calling Fit on a run that is complete returns its report.
func (t *Trainer) Fit(ctx context.Context) (*run.Report, error) {
	t.began = time.Now()
	if r := t.finished(); r != nil {
		return r, nil
	}
	t.callHooks("start", func(h *Hook) error {
		if h.Start == nil {
			return nil
		}
		return h.Start(Start{Trainer: t, Epochs: t.config.Epochs, StepsPerEpoch: t.stepsPerEpoch(), Step: t.at.Step})
	})
	status, err := t.conclude(t.safely("training", func() error { return t.run(ctx) }))
	r := t.report(status, err)
	t.seconds = r.Seconds // another Fit adds to them
	return r, t.end(r, err)
}

// end writes the summary and calls the hooks for the last time.
func (t *Trainer) end(r *run.Report, err error) error {
	write := func() {
		if t.config.Dir == "" {
			return
		}
		if werr := run.Folder(t.config.Dir).WriteReport(r); werr != nil && err == nil {
			err = fmt.Errorf("trainer: %w", werr)
		} else if werr != nil {
			t.logWarn("the summary could not be written", "error", werr)
		}
	}
	write()
	before := slices.Clone(t.at.Faults)
	t.callHooks("end", func(h *Hook) error {
		if h.End == nil {
			return nil
		}
		return h.End(r, err)
	})
	if !slices.Equal(before, t.at.Faults) {
		r.HookFaults = slices.Clone(t.at.Faults)
		write()
	}
	return err
}

// conclude saves a run that was interrupted, waits for its last checkpoint, and returns the
// run's status and error.
func (t *Trainer) conclude(err error) (string, error) {
	status := run.Finished
	if stop, ok := err.(*interruption); ok {
		status, err = run.Interrupted, stop.cause
		if t.at.Step > 0 {
			if serr := t.safely("saving", func() error { return t.save(nil) }); serr != nil {
				status, err = run.Failed, fmt.Errorf("%w, and then: %w", err, serr)
			}
		}
	} else if err != nil {
		status = run.Failed
	}
	if t.saver == nil {
		return status, err
	}
	if werr := t.saver.wait(); werr != nil && err != nil {
		status, err = run.Failed, fmt.Errorf("%w, and then: %w", err, werr)
	} else if werr != nil {
		status, err = run.Failed, werr
	}
	return status, err
}

// interruption is the error of a run that stopped between two steps because its context had
// ended.
type interruption struct{ cause error }

func (i *interruption) Error() string { return "interrupted: " + i.cause.Error() }

// interrupted is an interruption if err is the context's own error, else err. It is for
// errors between two steps.
func interrupted(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause != nil && (errors.Is(err, cause) || errors.Is(err, ctx.Err())) {
		return &interruption{cause}
	}
	return err
}

// safely makes a call and turns a panic, of a data set or an optimizer for example, into an
// error, so that the caller still waits for the checkpoint and reports. what names the work
// in the message.
func (t *Trainer) safely(what string, call func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("trainer: %w in %s: %v", ErrPanic, what, p)
			t.logError("panic", "in", what, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return call()
}

// finished is the report in the folder of a run that has nothing left to train; nil if there
// is none or it is of an earlier end.
func (t *Trainer) finished() *run.Report {
	if t.config.Dir == "" || !t.done() {
		return nil
	}
	r, err := run.Folder(t.config.Dir).Report()
	if err != nil || r.Status != run.Finished || r.Steps != t.at.Step {
		return nil
	}
	return r
}

func (t *Trainer) run(ctx context.Context) error {
	if err := t.checkHooks(); err != nil {
		return err
	}
	for !t.done() {
		if err := t.epoch(ctx); err != nil {
			return err
		}
	}
	return t.testFinal(ctx)
}

// done reports whether nothing is left to train.
func (t *Trainer) done() bool {
	switch {
	case t.at.Epoch > t.config.Epochs, t.stopped != "" && t.at.Step == 0:
		return true
	case !t.evaluated(): // steps since the last evaluation
		return false
	}
	return t.stopping() || t.outOfPatience()
}

// outOfPatience reports whether Patience epochs brought no better one.
func (t *Trainer) outOfPatience() bool {
	return t.config.Patience > 0 && t.sinceBest() >= t.config.Patience
}

// stopping reports whether no step is to follow.
func (t *Trainer) stopping() bool { return t.reachedMaxSteps() || t.stopped != "" }

// reachedMaxSteps reports whether MaxSteps are done.
func (t *Trainer) reachedMaxSteps() bool {
	return t.config.MaxSteps > 0 && t.at.Step >= t.config.MaxSteps
}

// sinceBest is the number of epochs since the best one; all epochs if there is none.
func (t *Trainer) sinceBest() int {
	if t.at.Best == nil {
		return t.at.Last.Epoch
	}
	return t.at.Last.Epoch - t.at.Best.Epoch
}

// record writes a line of the metrics.
func (t *Trainer) record(l run.Line) error {
	if t.log == nil {
		return nil
	}
	if err := t.log.Append(l); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	return nil
}

// saturatedAfter is the number of epochs without a better value that counts as saturation.
const saturatedAfter = 10

// report is the summary of the run.
func (t *Trainer) report(status string, err error) *run.Report {
	seconds := t.seconds + time.Since(t.began).Seconds()
	r := &run.Report{
		Name: t.config.Name, Model: modelName(t.model), Status: status, BestBy: t.by.String(), Best: t.at.Best, Last: t.at.Last,
		Epochs: t.at.Epoch - 1, Steps: t.at.Step, Parameters: t.Parameters(), MultiplyAdds: t.MultiplyAdds(), Seconds: seconds,
		Final: t.finalScores, FinalImages: t.FinalImages(), TrainImages: t.train.Len(), TestImages: t.test.Len(), BadTestImages: len(t.test.Bad()), BadTrainImages: len(t.train.Bad()),
		Device: t.device.Describe(), Precision: t.config.Precision.String(), Threads: device.Threads(t.device), Seed: t.config.Seed, Versions: versions(),
		HookFaults: slices.Clone(t.at.Faults),
	}
	if r.Name == "" {
		r.Name = r.Model
	}
	if err != nil {
		r.Error = err.Error()
	}
	if t.spent > 0 {
		r.ImagesPerSecond = float64(t.images) / t.spent.Seconds()
	}
	if t.at.Last != nil {
		r.EpochsSinceBest = t.sinceBest()
		r.Saturated = r.EpochsSinceBest >= saturatedAfter
		r.StoppedEarly = t.at.Epoch <= t.config.Epochs && !t.reachedMaxSteps() && t.outOfPatience()
	}
	if status == run.Finished {
		r.Reason = t.reason()
	}
	return r
}

// reason is why a run finished before its last epoch; "": it did not.
func (t *Trainer) reason() string {
	switch {
	case t.stopped != "":
		return t.stopped
	case t.at.Epoch > t.config.Epochs:
		return ""
	case t.reachedMaxSteps():
		return "max_steps"
	}
	return "patience"
}
