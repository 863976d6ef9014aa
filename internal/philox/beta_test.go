package philox

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBeta compares the moments of draws with those of the distribution: the mean a/(a+b),
// the variance ab/((a+b)²(a+b+1)), and E x⁴.
func TestBeta(t *testing.T) {
	const n = 40000
	for _, c := range []struct{ a, b float64 }{{0.05, 0.05}, {0.2, 0.2}, {0.4, 0.4}, {1, 1}, {0.5, 2}, {2, 2}, {8, 8}, {3, 0.7}, {1000, 1000}} {
		var sum, squares, fourth float64
		for i := range n {
			x := Beta(rand.New(New(7, uint64(i))), c.a, c.b)
			if !(x >= 0 && x <= 1) {
				t.Fatalf("Beta(%g, %g) gave %v", c.a, c.b, x)
			}
			sum, squares, fourth = sum+x, squares+x*x, fourth+x*x*x*x
		}
		s := c.a + c.b
		mean, variance := c.a/s, c.a*c.b/(s*s*(s+1))
		four := 1.0
		for k := range 4 {
			four *= (c.a + float64(k)) / (s + float64(k))
		}
		got := sum / n
		if limit := 5 * math.Sqrt(variance/n); math.Abs(got-mean) > limit {
			t.Errorf("Beta(%g, %g) has mean %v, want %v ± %v", c.a, c.b, got, mean, limit)
		}
		if v := squares/n - got*got; math.Abs(v-variance) > 0.05*variance {
			t.Errorf("Beta(%g, %g) has variance %v, want %v", c.a, c.b, v, variance)
		}
		if math.Abs(fourth/n-four) > 0.05*four {
			t.Errorf("Beta(%g, %g) has E x⁴ %v, want %v", c.a, c.b, fourth/n, four)
		}
	}
}

// TestBetaExtremes draws where Gamma variates leave float64, and looks for the same value
// again.
func TestBetaExtremes(t *testing.T) {
	for _, a := range []float64{5e-324, 1e-300, 1e-6, 1e-3, 1e6} {
		for i := range uint64(200) {
			x, again := Beta(rand.New(New(1, i)), a, a), Beta(rand.New(New(1, i)), a, a)
			if !(x >= 0 && x <= 1) || x != again {
				t.Fatalf("Beta(%g, %g) gave %v and %v", a, a, x, again)
			}
			if a < 0.01 && x > 0.4 && x < 0.6 || a > 1 && (x < 0.49 || x > 0.51) {
				t.Errorf("Beta(%g, %g) gave %v", a, a, x)
			}
		}
	}
}
