package trainer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/engine"
)

// trainingParts are the keys of the programs that an epoch needs with training batches of a
// size: for batches of that size and for a shorter last one, each as the first of its step
// or, with Config.Accumulate, after others.
func (t *Trainer) trainingParts(batch int) (parts []part) {
	full, short := t.train.Len()/batch, t.train.Len()%batch
	if t.config.DropLast && full > 0 {
		short = 0
	}
	accumulate := max(1, t.config.Accumulate)
	for i := range min(full, accumulate, 2) {
		parts = append(parts, part{batch: batch, add: i > 0})
	}
	if short > 0 {
		parts = append(parts, part{batch: short, add: full%accumulate > 0})
	}
	return parts
}

// evaluationSizes are the sizes of the programs that evaluate the run's sets.
func (t *Trainer) evaluationSizes(batch int) []int {
	sizes := []int{min(batch, t.test.Len())}
	if t.final != nil {
		sizes = append(sizes, min(batch, t.final.Len()))
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

// compile compiles every program of the run, so that too little memory on the device is an
// error before the first step. The error names a size of batch that fits.
func (t *Trainer) compile() error {
	err := t.session.compileAll(t.trainingParts(t.config.Batch), t.evaluationSizes(t.config.TestBatch))
	if !errors.Is(err, engine.ErrMemory) {
		return err
	}
	advice := "a smaller model needs less"
	for n := t.config.Batch / 2; n > 0; n /= 2 {
		if t.fitsDevice(n) {
			advice = fmt.Sprintf("data.batch=%d fits", n)
			break
		}
	}
	return fmt.Errorf("trainer: %w on the device: %w; %s", ErrMemory, err, advice)
}

// fitsDevice reports whether the programs of a run with batches of a size can be compiled. It
// frees them and those that were compiled before.
func (t *Trainer) fitsDevice(batch int) bool {
	err := t.session.closePrograms()
	if err == nil {
		err = t.session.compileAll(t.trainingParts(batch), t.evaluationSizes(min(batch, t.config.TestBatch)))
	}
	return errors.Join(err, t.session.closePrograms()) == nil
}

// compileAll compiles the training programs of parts, those that follow them in a step, and
// those of evaluations, unless they are compiled already.
func (s *Session) compileAll(parts []part, evaluations []int) error {
	for _, of := range parts {
		if _, err := s.training(of); err != nil {
			return err
		}
	}
	if s.deferred() {
		if _, err := s.updating(); err != nil {
			return err
		}
	}
	if s.config.EMA > 0 {
		if _, err := s.averaging(); err != nil {
			return err
		}
	}
	for _, size := range evaluations {
		if _, err := s.evaluation(size); err != nil {
			return err
		}
	}
	return nil
}

// closePrograms frees the programs. Later calls compile those that they need again.
func (s *Session) closePrograms() (err error) {
	for _, p := range s.train {
		err = errors.Join(err, p.Close())
	}
	for _, p := range s.eval {
		err = errors.Join(err, p.Close())
	}
	if u := s.deferredUpdates; u != nil {
		if u.norm != nil {
			err = errors.Join(err, u.norm.Close())
		}
		err = errors.Join(err, u.apply.Close())
	}
	if s.averages != nil {
		err = errors.Join(err, s.averages.Close())
	}
	if s.cam != nil {
		err = errors.Join(err, s.cam.Close())
	}
	clear(s.train)
	clear(s.eval)
	s.deferredUpdates, s.averages, s.cam, s.bound, s.running = nil, nil, nil, nil, nil
	return err
}
