package ref

import "github.com/euryale-ml/euryale/internal/philox"

// Dropout computes y = x·mask/(1-p) for elements i0 to i1 of the canonical form.
// Element i is kept if philox.Float32(key, i) ≥ p. y may be x. The gradient is
// the same function of dy.
func Dropout[T Float](x, y []T, key uint64, p float64, i0, i1 int) {
	scale := T(1 / (1 - p))
	var block [4]uint32
	for i := i0; i < i1; i++ {
		if i == i0 || i%4 == 0 {
			block = philox.Block(key, 0, uint64(i)/4)
		}
		if float64(philox.Uniform(block[i%4])) >= p {
			y[i] = x[i] * scale
		} else {
			y[i] = 0
		}
	}
}
