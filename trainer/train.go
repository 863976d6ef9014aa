package trainer

import (
	"fmt"
	"math"
)

// Train makes one step on images [N, C, H, W] and their target at a learning rate: Bind,
// Start and Wait. The loss and the predicted classes are those before the update.
func (s *Session) Train(images []float32, target Target, lr float64) (Result, error) {
	if err := s.Bind(images, target); err != nil {
		return Result{}, err
	}
	if err := s.Start(lr); err != nil {
		return Result{}, err
	}
	return s.Wait()
}

// Bind copies the batch of the next Start to the device: images [N, C, H, W] and their
// target. It may be called between Start and Wait, while the device works on the batch
// before. The slices may be reused when it returns.
func (s *Session) Bind(images []float32, target Target) error {
	return s.bind(images, target, false)
}

// bind is Bind for a part of a step; add: there are parts of the step before it.
func (s *Session) bind(images []float32, target Target, add bool) error {
	s.bound = nil
	n, err := s.checkBatch(images, target)
	if err != nil {
		return err
	}
	p, err := s.training(part{batch: n, add: add})
	if err != nil {
		return err
	}
	if err := p.bindBatch(s, images, target); err != nil {
		return err
	}
	s.bound = p
	return nil
}

// Start begins a step on the batch of the last Bind at a learning rate, and returns while
// the device works. Wait must end the step before the next Start.
func (s *Session) Start(lr float64) error {
	if !(lr >= 0) || math.IsInf(lr, 0) {
		return fmt.Errorf("trainer: %w: learning rate %v", ErrConfig, lr)
	}
	if s.parts > 0 {
		return fmt.Errorf("trainer: %w: Start between Accumulate and Apply: Apply ends the step first", ErrConfig)
	}
	if err := s.startable(); err != nil {
		return err
	}
	if err := s.bound.bindRates(lr, s.trained+1); err != nil {
		return err
	}
	s.rate = lr
	return s.startPart(1)
}

// startable is an error if no batch is bound, or if one is in training.
func (s *Session) startable() error {
	if s.running != nil {
		return fmt.Errorf("trainer: %w: Start before the Wait for the previous step", ErrConfig)
	}
	if s.bound == nil {
		return fmt.Errorf("trainer: %w: Start without Bind", ErrConfig)
	}
	return nil
}

// startPart begins training on the batch that is bound. With SessionConfig.Accumulate its
// gradients are multiplied by share.
func (s *Session) startPart(share float64) error {
	if err := s.startable(); err != nil {
		return err
	}
	p := s.bound
	s.bound = nil
	if p.share != nil {
		if err := p.Bind(p.share, share); err != nil {
			return err
		}
	}
	if err := p.bindRandom(s); err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	s.running = p
	return nil
}

// Wait waits for the step of the last Start, with its update, and returns the result. The
// slices of the Result are valid until the next Wait or Evaluate.
func (s *Session) Wait() (Result, error) {
	r, err := s.waitPart()
	if err != nil {
		return Result{}, err
	}
	if s.deferred() {
		r.Norm, err = s.Apply(s.rate)
		return r, err
	}
	s.trained++
	return r, s.average()
}

// waitPart waits for a batch. Then its gradients are in their slots (the deferred plan), or
// the update is made.
func (s *Session) waitPart() (Result, error) {
	p := s.running
	if p == nil {
		return Result{}, fmt.Errorf("trainer: %w: Wait without Start", ErrConfig)
	}
	s.running = nil
	if err := p.Wait(); err != nil {
		return Result{}, err
	}
	s.took = p.Took()
	s.count()
	loss, err := p.scalar(p.loss)
	if err != nil {
		return Result{}, err
	}
	if err := p.Read(p.predicted, p.classOf); err != nil {
		return Result{}, err
	}
	if s.deferred() {
		s.parts++
	}
	return Result{Loss: loss, Predicted: p.classOf}, nil
}

// drop discards the batches of a step that an error or a panic has interrupted.
func (s *Session) drop() { s.bound, s.running, s.parts = nil, nil, 0 }

// Accumulate adds the gradients of a batch, times share, to those of the batches since the
// last Apply. The shares of a step should add up to 1: for the mean over all its images, the
// share is the batch's fraction of them. BatchNorm and dropout see each batch by itself.
func (s *Session) Accumulate(images []float32, target Target, share float64) (Result, error) {
	if !s.config.Accumulate {
		return Result{}, fmt.Errorf("trainer: %w: Accumulate needs a Session with SessionConfig.Accumulate", ErrConfig)
	}
	if err := s.bind(images, target, s.parts > 0); err != nil {
		return Result{}, err
	}
	if err := s.startPart(share); err != nil {
		return Result{}, err
	}
	return s.waitPart()
}

// check is an error unless images are [N, C, H, W] and labels [N], N at least 1.
func (s *Session) check(images []float32, labels []int64) error {
	pixels := s.config.Input[0] * s.config.Input[1] * s.config.Input[2]
	if len(labels) == 0 || len(images) != len(labels)*pixels {
		return fmt.Errorf("trainer: %w: %d labels and %d values of images, want %d an image of %v", ErrBatch, len(labels), len(images), pixels, s.config.Input)
	}
	for i, l := range labels {
		if l < 0 || l >= int64(s.classes) {
			return fmt.Errorf("trainer: %w: label %d of image %d is outside the %d classes", ErrBatch, l, i, s.classes)
		}
	}
	return nil
}
