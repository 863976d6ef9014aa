package trainer

import (
	"fmt"
	"math"
)

// Train makes one step on images [N, C, H, W] and their target at a learning rate.
// The loss and the classes are those before the update.
func (s *Step) Train(images []float32, target Target, lr float64) (Result, error) {
	n, err := s.checkBatch(images, target)
	if err != nil {
		return Result{}, err
	}
	if s.deferred() {
		if s.parts > 0 {
			return Result{}, fmt.Errorf("trainer: %w: Train between Accumulate and Apply", ErrConfig)
		}
		r, err := s.gather(images, target, n, 1)
		if err != nil {
			return Result{}, err
		}
		r.Norm, err = s.Apply(lr)
		return r, err
	}
	if !(lr >= 0) || math.IsInf(lr, 0) {
		return Result{}, fmt.Errorf("trainer: %w: learning rate %v", ErrConfig, lr)
	}
	p, err := s.training(part{batch: n})
	if err != nil {
		return Result{}, err
	}
	if err := p.bindRates(lr, s.trained+1); err != nil {
		return Result{}, err
	}
	r, err := s.runBatch(p, images, target)
	if err != nil {
		return Result{}, err
	}
	s.trained++
	return r, s.average()
}

// Accumulate adds the gradients of a batch, times share, to those of the batches before
// it since the last Apply. Shares of a step should add up to 1: for the mean over all its
// images, each is the batch's part of them. BatchNorm and dropout see the batch alone.
func (s *Step) Accumulate(images []float32, target Target, share float64) (Result, error) {
	n, err := s.checkBatch(images, target)
	if err != nil {
		return Result{}, err
	}
	if !s.config.Accumulate {
		return Result{}, fmt.Errorf("trainer: %w: the Step was not made to accumulate", ErrConfig)
	}
	return s.gather(images, target, n, share)
}

// gather puts the gradients of a batch into their slots.
func (s *Step) gather(images []float32, target Target, n int, share float64) (Result, error) {
	p, err := s.training(part{batch: n, add: s.parts > 0})
	if err != nil {
		return Result{}, err
	}
	if p.share != nil {
		if err := p.Bind(p.share, share); err != nil {
			return Result{}, err
		}
	}
	r, err := s.runBatch(p, images, target)
	if err == nil {
		s.parts++
	}
	return r, err
}

// runBatch runs a training program on a batch.
func (s *Step) runBatch(p *program, images []float32, target Target) (Result, error) {
	if err := p.bind(s, images, target); err != nil {
		return Result{}, err
	}
	if err := p.Run(); err != nil {
		return Result{}, err
	}
	s.count()
	loss, err := p.scalar(p.loss)
	if err != nil {
		return Result{}, err
	}
	if err := p.Read(p.predicted, p.classOf); err != nil {
		return Result{}, err
	}
	return Result{Loss: loss, Predicted: p.classOf}, nil
}

func (s *Step) check(images []float32, labels []int64) error {
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
