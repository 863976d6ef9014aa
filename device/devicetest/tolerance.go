package devicetest

import (
	"math"

	"github.com/euryale-ml/euryale/device"
)

// tolerance is how far a result may lie from the reference, relative to the greatest
// value: each value may be off by some roundings of float32, and a sum of n terms that
// float32 sums in any order by some times √n roundings. Whoever sums in pieces, or in
// float64, is better than that.
func tolerance(s *device.Step, greatest float64) float64 {
	const epsilon = 1.0 / (1 << 24)
	return epsilon * (16 + 4*math.Sqrt(float64(terms(s)))) * greatest
}

// terms is the greatest number of terms of a sum in a step's result, about.
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

// windows is by how much the number of terms of one result of a convolution's gradient may
// exceed the mean: with a stride, the taps that meet a pixel differ.
func windows(a device.ConvAttr) int { return a.StrideH * a.StrideW }
