package trainer

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/dataset"
)

// Target has the classes of the images of a training batch, made by Labels or by
// Probabilities. It refers to the slice that it was made of, which may be reused when the
// call that takes the Target has returned.
type Target struct {
	labels        []int64
	probabilities []float64
}

// Labels is a Target of one class for each image: labels [N], from 0. With
// SessionConfig.Soft they count as probabilities of 1.
func Labels(labels []int64) Target { return Target{labels: labels} }

// Probabilities is a Target of a probability for each class of each image, as mixup and
// teacher models give them: p [N, classes], row after row, for a Session with SessionConfig.Soft.
// Rows need not sum to 1, as in torch; negative values, infinities and NaN are ErrBatch.
func Probabilities(p []float64) Target { return Target{probabilities: p} }

// checkBatch checks the images of a training batch and their target, and counts the images.
func (s *Session) checkBatch(images []float32, target Target) (n int, err error) {
	if target.probabilities == nil {
		return len(target.labels), s.check(images, target.labels)
	}
	if !s.config.Soft {
		return 0, fmt.Errorf("trainer: %w: target probabilities need a Session with SessionConfig.Soft", ErrConfig)
	}
	pixels := s.config.Input[0] * s.config.Input[1] * s.config.Input[2]
	n = len(target.probabilities) / s.classes
	if n == 0 || len(target.probabilities) != n*s.classes || len(images) != n*pixels {
		return 0, fmt.Errorf("trainer: %w: %d target probabilities and %d values of images, want %d and %d an image of %v",
			ErrBatch, len(target.probabilities), len(images), s.classes, pixels, s.config.Input)
	}
	for i, p := range target.probabilities {
		if !(p >= 0) || math.IsInf(p, 1) {
			return 0, fmt.Errorf("trainer: %w: the probability of class %d of image %d is %v", ErrBatch, i%s.classes, i/s.classes, p)
		}
	}
	return n, nil
}

// bindTarget copies the target of a batch to a training program's input.
func (p *program) bindTarget(target Target) error {
	switch soft := p.soft.(type) {
	case []float32:
		fillProbabilities(soft, target)
	case []float64:
		fillProbabilities(soft, target)
	default:
		return p.Bind(p.target, target.labels)
	}
	return p.Bind(p.target, p.soft)
}

// fillProbabilities writes a target's probabilities, or 1 for each label, into dst [N, classes].
func fillProbabilities[T float32 | float64](dst []T, target Target) {
	for i, p := range target.probabilities {
		dst[i] = T(p)
	}
	if target.probabilities == nil {
		clear(dst)
		for i, label := range target.labels {
			dst[i*(len(dst)/len(target.labels))+int(label)] = 1
		}
	}
}

// target is the target of a batch of the training loader: probabilities with mixup, else
// labels.
func (t *Trainer) target(b *dataset.Batch) Target {
	if b.Others == nil {
		return Labels(b.Labels)
	}
	t.probabilities = b.Targets(t.probabilities, len(t.classes))
	return Probabilities(t.probabilities)
}
