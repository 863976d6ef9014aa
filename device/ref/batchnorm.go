package ref

import (
	"math"

	"github.com/euryale-ml/euryale/device"
)

// Statistics [2, C] are row-major: C means, then C biased variances. Gradient
// statistics [2, C] are Σdy, then Σdy·x̂ with x̂ = (x-mean)/√(variance+ε).

// BatchNormStats computes channels c0 to c1 of stats [2, C] over the images and
// pixels of x [N, C, P]. Each plane is summed about its own mean and the planes
// are combined in order (Chan, Golub, LeVeque 1983), so that a mean far larger
// than the deviation costs no accuracy.
func BatchNormStats[T Float](m Maps, x, stats []T, c0, c1 int) {
	for c := c0; c < c1; c++ {
		var count, mean, m2 float64
		for n := range m.N {
			pMean, pM2 := planeMoments(plane(x, m, n*m.C+c))
			p := float64(m.P)
			delta := pMean - mean
			total := count + p
			mean += delta * (p / total)
			m2 += pM2 + delta*delta*(count*p/total)
			count = total
		}
		stats[c], stats[m.C+c] = T(mean), T(m2/count)
	}
}

// planeMoments is the mean of x and the sum of squares about it.
func planeMoments[T Float](x []T) (mean, m2 float64) {
	shift := float64(x[0])
	var sum, square float64
	for _, v := range x {
		sum += float64(v) - shift
	}
	d := sum / float64(len(x))
	mean = shift + d
	var rest float64
	for _, v := range x {
		e := float64(v) - shift - d
		rest += e
		square += e * e
	}
	return mean, square - rest*rest/float64(len(x))
}

// BatchNormPack joins mean [C] and variance [C] into stats [2, C].
func BatchNormPack[T Float](mean, variance, stats []T) {
	copy(stats[copy(stats, mean):], variance)
}

// BatchNormApply computes planes i0 to i1 of y = (x-mean)·γ/√(variance+ε) + β,
// plus residual if Residual is set, and the activation of that.
// x, residual, y [N, C, P]; stats [2, C]; γ, β [C]. y may be x or residual.
func BatchNormApply[T Float](m Maps, a device.BatchNormAttr, x, stats, gamma, beta, residual, y []T, i0, i1 int) {
	for i := i0; i < i1; i++ {
		c := i % m.C
		mean, scale, shift := stats[c], T(float64(gamma[c])*inverseDeviation(m, a, stats, c)), beta[c]
		xp, yp := plane(x, m, i), plane(y, m, i)
		if a.Residual {
			rp := plane(residual, m, i)
			for p, v := range xp {
				yp[p] = T((v-mean)*scale) + shift + rp[p]
			}
		} else {
			for p, v := range xp {
				yp[p] = T((v-mean)*scale) + shift
			}
		}
		if a.Act != device.None {
			Activate(a.Act, yp, yp)
		}
	}
}

// BatchNormGradStats computes channels c0 to c1 of gs [2, C] = Σdy, Σdy·x̂ from
// x, dy [N, C, P] and stats [2, C].
func BatchNormGradStats[T Float](m Maps, a device.BatchNormAttr, x, dy, stats, gs []T, c0, c1 int) {
	for c := c0; c < c1; c++ {
		mean := float64(stats[c])
		var sum, product float64
		for n := range m.N {
			i := n*m.C + c
			xp, dp := plane(x, m, i), plane(dy, m, i)
			for p, d := range dp {
				sum += float64(d)
				product += float64(d) * (float64(xp[p]) - mean)
			}
		}
		gs[c], gs[m.C+c] = T(sum), T(product*inverseDeviation(m, a, stats, c))
	}
}

// BatchNormGradInput computes planes i0 to i1 of
// dx = γ/√(variance+ε) · (dy - (Σdy + x̂·Σdy·x̂)/(N·P)), the gradient through the
// batch's own statistics. x, dy, dx [N, C, P]; γ [C]; stats, gs [2, C]. dx may be dy.
func BatchNormGradInput[T Float](m Maps, a device.BatchNormAttr, x, dy, gamma, stats, gs, dx []T, i0, i1 int) {
	count := float64(m.N * m.P)
	for i := i0; i < i1; i++ {
		c := i % m.C
		inv := inverseDeviation(m, a, stats, c)
		mean, scale := stats[c], T(float64(gamma[c])*inv)
		offset, slope := T(float64(gs[c])/count), T(float64(gs[m.C+c])*inv/count)
		xp, dp, out := plane(x, m, i), plane(dy, m, i), plane(dx, m, i)
		for p, d := range dp {
			out[p] = scale * (d - offset - T(slope*(xp[p]-mean)))
		}
	}
}

// BatchNormEvalGradInput computes planes i0 to i1 of dx = dy·γ/√(variance+ε):
// the gradient where the statistics are constants. dx may be dy.
func BatchNormEvalGradInput[T Float](m Maps, a device.BatchNormAttr, dy, gamma, stats, dx []T, i0, i1 int) {
	for i := i0; i < i1; i++ {
		c := i % m.C
		scale := T(float64(gamma[c]) * inverseDeviation(m, a, stats, c))
		dp, out := plane(dy, m, i), plane(dx, m, i)
		for p, d := range dp {
			out[p] = d * scale
		}
	}
}

func inverseDeviation[T Float](m Maps, a device.BatchNormAttr, stats []T, c int) float64 {
	return 1 / math.Sqrt(float64(stats[m.C+c])+a.Eps)
}

// Row copies row r of x [R, c] to y [c].
func Row[T Float](x, y []T, r int) { copy(y, x[r*len(y):]) }

// RunningStat computes running' = (1-Momentum)·running + Momentum·Scale·stats[Row]
// for running [C] and stats [2, C]. out may be running.
func RunningStat[T Float](a device.RunningStatAttr, running, stats, out []T) {
	row := stats[a.Row*len(running):]
	for i, r := range running {
		out[i] = T((1-a.Momentum)*float64(r) + a.Momentum*a.Scale*float64(row[i]))
	}
}
