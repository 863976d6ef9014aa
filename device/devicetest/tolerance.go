package devicetest

import (
	"math"

	"github.com/euryale-ml/euryale/device"
)

// tolerance is the largest accepted error of a result, relative to the greatest value: some
// roundings of float32 for each value, and some times √n roundings for a float32 sum of n
// terms in any order. Sums in pieces, or in float64, are more accurate than that.
func tolerance(s *device.Step, greatest float64) float64 {
	const epsilon = 1.0 / (1 << 24)
	return epsilon * (16 + 4*math.Sqrt(float64(terms(s)))) * greatest
}

// terms is about the greatest number of terms of a sum in a step's result.
func terms(s *device.Step) int {
	out := s.Out[0].Elements()
	switch a := s.Attr.(type) {
	case device.PoolAttr:
		return a.KH * a.KW
	case device.AdaptivePoolAttr:
		return (a.H/a.OutH + 2) * (a.W/a.OutW + 2)
	case device.ConvAttr:
		return windows(a) * int(a.MultiplyAdds()) / out
	}
	if s.Kind.Elementwise() || s.Kind.Update() && s.Kind != device.LinearUpdate {
		return 1
	}
	n := max(1, int(s.FLOPs()/2)/out)
	for _, x := range s.In {
		n = max(n, x.Elements()/out) // a reduction
	}
	return n
}

// windows is the factor by which the number of terms of one result of a convolution's gradient
// may exceed the mean: with a stride, the number of taps that reach a pixel differs.
func windows(a device.ConvAttr) int { return a.StrideH * a.StrideW }
