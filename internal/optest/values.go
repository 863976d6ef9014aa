package optest

import (
	"math"
	"strings"

	"github.com/euryale-ml/euryale/internal/philox"
)

// Uniform is element i of the pseudo-random sequence of a seed, in [-1, 1): the
// finalizer of SplitMix64 over seed·φ + i + 1, with 53 bits. It is simple enough to compute
// the same values in other languages, as internal/gen/golden/hashing.py does.
func Uniform(seed, i uint64) float64 {
	z := (seed+1)*0x9E3779B97F4A7C15 + i + 1
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return float64(z>>11)*math.Ldexp(1, -52) - 1
}

// Values are the first elements of a tensor of a shape: Uniform's sequence times
// scale plus offset.
func Values(seed uint64, scale, offset float64, shape ...int) []float64 {
	n := 1
	for _, d := range shape {
		n *= d
	}
	x := make([]float64, n)
	for i := range x {
		x[i] = Uniform(seed, uint64(i))*scale + offset
	}
	return x
}

// Labels are n pseudo-random classes in [0, k).
func Labels(seed uint64, n, k int) []int64 {
	x := make([]int64, n)
	for i := range x {
		x[i] = int64((Uniform(seed, uint64(i)) + 1) / 2 * float64(k))
	}
	return x
}

// Named is a parameter's or buffer's value as a function of its name and shape: weights with
// the spread of a fresh network's, γ and running variances around 1, all others around 0.
func Named(name string, shape ...int) []float64 {
	scale, offset := 0.1, 0.0
	switch {
	case len(shape) == 4: // the spread of He's normal over the fan-out
		scale = math.Sqrt(6 / float64(shape[0]*shape[2]*shape[3]))
	case len(shape) == 2:
		scale = math.Sqrt(3 / float64(shape[1]))
	case strings.HasSuffix(name, "running_var"):
		scale, offset = 0.2, 1
	case strings.HasSuffix(name, "bn3.weight"): // γ at the end of a residual block, small so that training is not chaotic
		offset = 0.2
	case strings.HasSuffix(name, "weight"): // γ
		offset = 1
	}
	return Values(philox.Stream(name), scale, offset, shape...)
}
