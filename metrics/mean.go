package metrics

import "math"

// Mean is a weighted mean: of a batch's loss with its number of images as the weight, the
// mean over all images, short batches included. The zero value is ready.
type Mean struct {
	sum, weight float64
}

// Add takes in a value with a weight of at least 0; with weight 0 the value, even NaN,
// does not count.
func (m *Mean) Add(value, weight float64) {
	if weight == 0 {
		return
	}
	m.sum += value * weight
	m.weight += weight
}

// Value is the mean, NaN before the first value.
func (m *Mean) Value() float64 {
	if m.weight == 0 {
		return math.NaN()
	}
	return m.sum / m.weight
}

// Weight is the sum of the weights.
func (m *Mean) Weight() float64 { return m.weight }

// Merge adds the values of other.
func (m *Mean) Merge(other *Mean) {
	m.sum += other.sum
	m.weight += other.weight
}

// Reset forgets everything.
func (m *Mean) Reset() { *m = Mean{} }
