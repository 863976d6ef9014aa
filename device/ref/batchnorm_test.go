package ref

import (
	"math"
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// TestBatchNormStatsFarMean is about float32 data whose mean is a thousand times
// its deviation: a naive Σx² - (Σx)²/n in float32 would not keep one digit.
func TestBatchNormStatsFarMean(t *testing.T) {
	m := Maps{N: 7, C: 3, P: 1001}
	wide := hashed[float64](1, m.N*m.C*m.P)
	x := make([]float32, len(wide))
	for i := range x {
		x[i] = float32(wide[i]*1.7 + 1000)
		wide[i] = float64(x[i])
	}
	x[0], wide[0] = 0, 0 // an outlier where a shift might be taken
	stats := make([]float32, 2*m.C)
	BatchNormStats(m, x, stats, 0, m.C)
	for c := range m.C {
		var mean, variance float64
		count := float64(m.N * m.P)
		for n := range m.N {
			for _, v := range plane(wide, m, n*m.C+c) {
				mean += v / count
			}
		}
		for n := range m.N {
			for _, v := range plane(wide, m, n*m.C+c) {
				variance += (v - mean) * (v - mean) / count
			}
		}
		closeTo(t, "mean", stats[c:c+1], []float32{float32(mean)}, 1e-7)
		closeTo(t, "variance", stats[m.C+c:m.C+c+1], []float32{float32(variance)}, 1e-6)
	}
}

// TestBatchNormFlags compares the fused forms with their parts.
func TestBatchNormFlags(t *testing.T) {
	m := Maps{N: 3, C: 4, P: 6}
	size := m.N * m.C * m.P
	x, dy, residual := hashed[float64](1, size), hashed[float64](2, size), hashed[float64](3, size)
	gamma, beta := hashed[float64](4, m.C), hashed[float64](5, m.C)
	plain := device.BatchNormAttr{Eps: 1e-5}
	fused := device.BatchNormAttr{Eps: 1e-5, ReLU: true, Residual: true}
	stats := make([]float64, 2*m.C)
	BatchNormStats(m, x, stats, 0, m.C)

	want, y := make([]float64, size), make([]float64, size)
	BatchNormApply(m, plain, x, stats, gamma, beta, nil, want, 0, m.Planes())
	Add(want, residual, want, true)
	inPieces(m.Planes(), func(i0, i1 int) { BatchNormApply(m, fused, x, stats, gamma, beta, residual, y, i0, i1) })
	closeTo(t, "y", y, want, 1e-14)

	masked := make([]float64, size)
	ReLUGrad(y, dy, masked)
	gs, wantGS := make([]float64, 2*m.C), make([]float64, 2*m.C)
	BatchNormGradStats(m, plain, x, masked, stats, nil, wantGS, 0, m.C)
	inPieces(m.C, func(c0, c1 int) { BatchNormGradStats(m, fused, x, dy, stats, y, gs, c0, c1) })
	closeTo(t, "gradient statistics", gs, wantGS, 1e-14)

	dx, wantDX := make([]float64, size), make([]float64, size)
	BatchNormGradInput(m, plain, x, masked, gamma, stats, gs, nil, wantDX, 0, m.Planes())
	inPieces(m.Planes(), func(i0, i1 int) { BatchNormGradInput(m, fused, x, dy, gamma, stats, gs, y, dx, i0, i1) })
	closeTo(t, "dx", dx, wantDX, 1e-14)

	BatchNormEvalGradInput(m, plain, masked, gamma, stats, nil, wantDX, 0, m.Planes())
	inPieces(m.Planes(), func(i0, i1 int) { BatchNormEvalGradInput(m, fused, dy, gamma, stats, y, dx, i0, i1) })
	closeTo(t, "evaluation dx", dx, wantDX, 1e-14)
}

func TestBatchNormSpreadsNaN(t *testing.T) {
	m := Maps{N: 1, C: 2, P: 2}
	stats := make([]float32, 4)
	BatchNormStats(m, []float32{1, float32(math.NaN()), 3, 5}, stats, 0, 2)
	if stats[0] == stats[0] || stats[1] != 4 || stats[3] != 1 {
		t.Errorf("stats = %v, want NaN in channel 0 alone, mean 4 and variance 1 in channel 1", stats)
	}
}
