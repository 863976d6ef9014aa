package trainer

import (
	"context"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
)

// sets are the images that a Trainer trains and tests on.
type sets struct {
	train, test, final dataset.Dataset // final nil: there is none
}

// FinalImages is the number of images that test the best weights at the end.
func (t *Trainer) FinalImages() int {
	if t.final == nil {
		return 0
	}
	return t.final.Len()
}

// About describes the sets: which files train, choose the best weights and test.
func (t *Trainer) About() []string { return dataset.About(t.sets.train, t.sets.test) }

// testFinal tests the best weights on the final images, at the end of a run.
func (t *Trainer) testFinal(ctx context.Context) error {
	if t.final == nil || t.at.Best == nil {
		return nil
	}
	err := t.withBest(func() error {
		e, err := t.evaluateOn(ctx, t.final, t.sets.final)
		if err != nil {
			return interrupted(ctx, err)
		}
		e.Test.Epoch, e.Test.Step = t.at.Best.Epoch, t.at.Best.Step
		t.finalScores = &e.Test
		return nil
	})
	return err
}

// withBest makes a call while evaluations use the best weights, and then restores the last
// ones.
func (t *Trainer) withBest(call func() error) (err error) {
	if t.at.Best.Step == t.at.Step {
		return call()
	}
	best := t.best
	if t.saver != nil {
		if err := t.saver.wait(); err != nil {
			return err
		}
		f, err := checkpoint.Read(t.saver.folder.Checkpoint(run.BestFile))
		if err != nil {
			return err
		}
		best = f.Tensors
	}
	last, err := t.session.Tensors()
	if err != nil {
		return err
	}
	defer func() {
		if back := t.session.show(last); err == nil {
			err = back
		}
	}()
	if err := t.session.show(best); err != nil {
		return err
	}
	return call()
}

// show writes tensors of the state dict to the slots that evaluations and files read.
func (s *Session) show(tensors []checkpoint.Tensor) error {
	for _, t := range tensors {
		if s.setCounter(t) {
			continue
		}
		if err := s.state.Write(s.shown(t.Name), s.converted(t.Data)); err != nil {
			return err
		}
	}
	return nil
}

// keepBest copies the best weights for testFinal if no folder holds them.
func (t *Trainer) keepBest() (err error) {
	if t.saver != nil || t.final == nil {
		return nil
	}
	t.best, err = t.session.Tensors()
	return err
}
