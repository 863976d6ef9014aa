package philox

import (
	"math"
	"math/rand/v2"
)

// Beta draws from the distribution Beta(a, b), a and b greater than 0, as the share of a
// Gamma(a) variate in its sum with a Gamma(b) variate. It works with their logarithms: for
// a small a the variates themselves are smaller than a float64 can be.
func Beta(r *rand.Rand, a, b float64) float64 {
	x := logGamma(r, a)
	y := logGamma(r, b)
	if math.IsInf(x, -1) && math.IsInf(y, -1) { // a and b near 0: the result is 0 or 1
		return float64(r.IntN(2))
	}
	return 1 / (1 + math.Exp(y-x))
}

// logGamma draws the logarithm of a Gamma(shape) variate (Marsaglia and Tsang, "A simple
// method for generating gamma variables", ACM TOMS 2000; below 1 as in its section 6).
func logGamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return logGamma(r, shape+1) + math.Log(1-r.Float64())/shape
	}
	d := shape - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return math.Log(d) + math.Log(v)
		}
	}
}
