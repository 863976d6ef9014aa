package trainer

import (
	"math"
	"testing"
)

// curveOf makes the curve of a loss as a function of the rate's decimal logarithm, from
// -6 to 1.
func curveOf(n int, loss func(x float64) float64) *RateCurve {
	c := &RateCurve{}
	for i := range n {
		x := -6 + 7*float64(i)/float64(n-1)
		c.Points = append(c.Points, RatePoint{Step: i + 1, LR: math.Pow(10, x), Loss: loss(x), Smoothed: loss(x)})
	}
	c.suggest()
	return c
}

// TestSuggest reads suggestions off curves whose steepest and lowest points are known.
func TestSuggest(t *testing.T) {
	fall := func(at float64) func(float64) float64 {
		return func(x float64) float64 { return 3 - 2/(1+math.Exp(-6*(x-at))) + math.Exp(8*(x-0)) }
	}
	for _, at := range []float64{-4, -3, -2, -1.5} {
		c := curveOf(141, fall(at))
		if got := math.Log10(c.Steepest); math.Abs(got-at) > 0.06 {
			t.Errorf("steepest at 10^%v, want 10^%v", got, at)
		}
		if !(c.Lowest > c.Steepest) || math.Abs(c.Tenth()*10-c.Lowest) > 1e-12 {
			t.Errorf("lowest %v, a tenth %v", c.Lowest, c.Tenth())
		}
	}
	for name, c := range map[string]*RateCurve{
		"rising":               curveOf(50, func(x float64) float64 { return x + 10 }),
		"flat":                 curveOf(50, func(float64) float64 { return 2 }),
		"falls only at start":  curveOf(100, func(x float64) float64 { return max(1, -10*x-58) + max(0, x) }),
		"one point":            curveOf(2, func(x float64) float64 { return -x }),
		"blows up and returns": {Points: []RatePoint{{1, 1e-3, 1, 1}, {2, 1e-2, 9, 9}, {3, 1e-1, 2, 2}}},
	} {
		c.suggest()
		if c.Steepest != 0 || c.Lowest != 0 || c.Tenth() != 0 {
			t.Errorf("%s: %v, %v", name, c.Steepest, c.Lowest)
		}
	}
}
