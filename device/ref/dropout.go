package ref

import (
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/philox"
)

// DropoutKey is the Philox key of a Dropout step: of its attribute, and of the input rng,
// which holds {seed, step}.
func DropoutKey(attr device.DropoutAttr, rng []int64) uint64 {
	return philox.Key(uint64(rng[0]), uint64(rng[1]), attr.Stream)
}

// DropoutKeeps reports whether the step keeps element i of the canonical form: number i of
// the key's Philox4x32-10 sequence, word i%4 of block i/4, is at least p.
func DropoutKeeps(key, i uint64, p float64) bool { return float64(philox.Float32(key, i)) >= p }

// Dropout computes y = x·mask/(1-p) for elements i0 to i1 of the canonical form.
// Element i is kept where DropoutKeeps(key, i, p). y may be x. The gradient is
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
