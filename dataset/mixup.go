package dataset

import (
	"math/rand/v2"
	"slices"

	"github.com/euryale-ml/euryale/internal/philox"
)

// lambda draws the share that the images of a training batch keep under mixup, of
// Beta(α, α). step counts an epoch's batches from 0.
func (l *Loader) lambda(epoch, step int) float64 {
	c := l.config
	r := rand.New(philox.New(c.Seed, philox.Stream("mixup"), uint64(epoch), uint64(step*c.Size+c.Rank)))
	return philox.Beta(r, c.Mixup, c.Mixup)
}

// mix mixes each image of a complete batch with the one before it and the first with the
// last, in place, and notes the labels that come in.
func (s *slot) mix(lambda float64) {
	s.lambda = lambda
	s.others[0] = s.labels[s.n-1]
	copy(s.others[1:s.n], s.labels)
	if s.n < 2 { // an image with itself
		return
	}
	image := func(i int) []float32 { return s.images[i*s.pixels : (i+1)*s.pixels] }
	keep, take := float32(lambda), float32(1-lambda)
	copy(s.last, image(s.n-1))
	for i := s.n - 1; i >= 0; i-- {
		x, y := image(i), s.last
		if i > 0 {
			y = image(i - 1)
		}
		for j, v := range y[:len(x)] {
			x[j] = keep*x[j] + take*v
		}
	}
}

// Dominant are the labels [N] that have the larger share in each image of the batch:
// Labels, or, where mixup gave them less than half, Others.
func (b *Batch) Dominant() []int64 {
	if b.Others != nil && b.Lambda < 0.5 {
		return b.Others
	}
	return b.Labels
}

// Targets writes the probabilities [N, classes] of the batch's classes into dst, which grows
// as needed, and returns it: Lambda for an image's label and 1−Lambda for that of the image
// mixed in; without mixup, 1 for the label.
func (b *Batch) Targets(dst []float64, classes int) []float64 {
	dst = slices.Grow(dst[:0], b.N*classes)[:b.N*classes]
	clear(dst)
	for i, label := range b.Labels {
		row := dst[i*classes : (i+1)*classes]
		if b.Others == nil || b.Others[i] == label {
			row[label] = 1
			continue
		}
		row[label], row[b.Others[i]] = b.Lambda, 1-b.Lambda
	}
	return dst
}
