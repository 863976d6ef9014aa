package trainer

import (
	"fmt"
	"math"
	"slices"

	"github.com/euryale-ml/euryale/dataset"
)

// TrainSoft makes one step on images [N, C, H, W] and the probabilities [N, classes] that
// their classes should have, row after row, at a learning rate: mixup's targets, or a
// teacher's. It is for a Step with StepConfig.Soft. The rows need not sum to 1, as in
// torch; a negative or infinite probability is an error. The loss and the classes are
// those before the update.
func (s *Step) TrainSoft(images []float32, targets []float64, lr float64) (Result, error) {
	n, err := s.checkSoft(images, targets)
	if err != nil {
		return Result{}, err
	}
	return s.trainOn(images, targets, n, lr)
}

// AccumulateSoft is Accumulate with target probabilities as TrainSoft takes them.
func (s *Step) AccumulateSoft(images []float32, targets []float64, share float64) (Result, error) {
	n, err := s.checkSoft(images, targets)
	if err != nil {
		return Result{}, err
	}
	if !s.config.Accumulate {
		return Result{}, fmt.Errorf("trainer: %w: the Step was not made to accumulate", ErrConfig)
	}
	return s.gather(images, targets, n, share)
}

// checkSoft checks images and target probabilities and counts them.
func (s *Step) checkSoft(images []float32, targets []float64) (n int, err error) {
	if !s.config.Soft {
		return 0, fmt.Errorf("trainer: %w: target probabilities need a Step with StepConfig.Soft", ErrConfig)
	}
	pixels := s.config.Input[0] * s.config.Input[1] * s.config.Input[2]
	n = len(targets) / s.classes
	if n == 0 || len(targets) != n*s.classes || len(images) != n*pixels {
		return 0, fmt.Errorf("trainer: %w: %d target probabilities and %d values of images, want %d and %d an image of %v",
			ErrBatch, len(targets), len(images), s.classes, pixels, s.config.Input)
	}
	for i, p := range targets {
		if !(p >= 0) || math.IsInf(p, 1) {
			return 0, fmt.Errorf("trainer: %w: the probability of class %d of image %d is %v", ErrBatch, i%s.classes, i/s.classes, p)
		}
	}
	return n, nil
}

// oneHot are the probabilities of labels, in memory that is used again.
func (s *Step) oneHot(labels []int64) []float64 {
	s.hot = slices.Grow(s.hot[:0], len(labels)*s.classes)[:len(labels)*s.classes]
	clear(s.hot)
	for i, l := range labels {
		s.hot[i*s.classes+int(l)] = 1
	}
	return s.hot
}

// bindTarget gives a training program its labels or probabilities.
func (p *program) bindTarget(target any) error {
	soft, ok := target.([]float64)
	if !ok {
		return p.Bind(p.target, target)
	}
	switch t := p.soft.(type) {
	case []float32:
		for i, v := range soft {
			t[i] = float32(v)
		}
	case []float64:
		copy(t, soft)
	}
	return p.Bind(p.target, p.soft)
}

// trainBatch makes one step on a batch of the training loader.
func (t *Trainer) trainBatch(s *Step, b *dataset.Batch, lr float64) (Result, error) {
	if b.Others == nil {
		return s.Train(b.Images, b.Labels, lr)
	}
	t.targets = b.Targets(t.targets, len(t.classes))
	return s.TrainSoft(b.Images, t.targets, lr)
}

// accumulateBatch adds the gradients of a batch of the training loader to s's step in hand.
func (t *Trainer) accumulateBatch(s *Step, b *dataset.Batch, share float64) (Result, error) {
	if b.Others == nil {
		return s.Accumulate(b.Images, b.Labels, share)
	}
	t.targets = b.Targets(t.targets, len(t.classes))
	return s.AccumulateSoft(b.Images, t.targets, share)
}
