package viz

import (
	"math"

	"github.com/euryale-ml/euryale/metrics"
)

// smoothed is the trend of ys: local linear regression over a fortieth of all values on
// each side, applied twice, so that the curve neither lags, nor bends at its ends, nor
// has corners. Gaps stay gaps and are left out of the fit. Values above limit count as
// limit, so that a single outlier does not shift the curve around it.
func smoothed(ys []float64, limit float64) []float64 {
	low := make([]float64, len(ys))
	for i, y := range ys {
		low[i] = y
		if metrics.Finite(y) {
			low[i] = min(y, limit)
		}
	}
	reach := max(1, len(ys)/40)
	return localLine(localLine(low, reach), reach)
}

// localLine replaces each finite value by the least-squares line through the finite
// values at most reach positions away.
func localLine(ys []float64, reach int) []float64 {
	type sums struct{ n, x, y, xx, xy float64 }
	up := make([]sums, len(ys)+1) // over ys[:i]
	for i, y := range ys {
		up[i+1] = up[i]
		if metrics.Finite(y) {
			x, s := float64(i), &up[i+1]
			s.n, s.x, s.y, s.xx, s.xy = s.n+1, s.x+x, s.y+y, s.xx+x*x, s.xy+x*y
		}
	}
	fit := make([]float64, len(ys))
	for i, y := range ys {
		a, b := up[max(0, i-reach)], up[min(len(ys), i+reach+1)]
		n, x, sy, xx, xy := b.n-a.n, b.x-a.x, b.y-a.y, b.xx-a.xx, b.xy-a.xy
		spread := n*xx - x*x
		if !metrics.Finite(y) || spread <= 0 {
			fit[i] = y
			continue
		}
		slope := (n*xy - x*sy) / spread
		fit[i] = sy/n + slope*(float64(i)-x/n)
	}
	return fit
}

// thinned reduces a long curve to the lowest and the highest value of each of about
// buckets stretches, in their order, which draws the same at that many pixels. A stretch
// with a gap keeps it.
func thinned(xs, ys []float64, buckets int) (x, y []float64) {
	if len(xs) <= 4*buckets {
		return xs, ys
	}
	for b := range buckets {
		from, to := b*len(xs)/buckets, (b+1)*len(xs)/buckets
		lo, hi, gap := -1, -1, -1
		for i := from; i < to; i++ {
			switch {
			case !metrics.Finite(ys[i]):
				gap = i
			case lo < 0:
				lo, hi = i, i
			case ys[i] < ys[lo]:
				lo = i
			case ys[i] > ys[hi]:
				hi = i
			}
		}
		if lo >= 0 {
			first, second := min(lo, hi), max(lo, hi)
			x, y = append(x, xs[first]), append(y, ys[first])
			if second != first {
				x, y = append(x, xs[second]), append(y, ys[second])
			}
		}
		if gap >= 0 {
			x, y = append(x, xs[gap]), append(y, math.NaN())
		}
	}
	return x, y
}
