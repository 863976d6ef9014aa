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

// TestBatchNormPieces compares the kernels in pieces with one piece, and the fused form with
// its parts.
func TestBatchNormPieces(t *testing.T) {
	m := Maps{N: 3, C: 4, P: 6}
	size := m.N * m.C * m.P
	x, dy, residual := hashed[float64](1, size), hashed[float64](2, size), hashed[float64](3, size)
	gamma, beta := hashed[float64](4, m.C), hashed[float64](5, m.C)
	plain := device.BatchNormAttr{Eps: 1e-5}
	fused := device.BatchNormAttr{Eps: 1e-5, Act: device.ReLU, Residual: true}
	stats := make([]float64, 2*m.C)
	BatchNormStats(m, x, stats, 0, m.C)

	want, y := make([]float64, size), make([]float64, size)
	BatchNormApply(m, plain, x, stats, gamma, beta, nil, want, 0, m.Planes())
	Add(want, residual, want, device.ReLU)
	inPieces(m.Planes(), func(i0, i1 int) { BatchNormApply(m, fused, x, stats, gamma, beta, residual, y, i0, i1) })
	closeTo(t, "y", y, want, 1e-14)

	gs, wantGS := make([]float64, 2*m.C), make([]float64, 2*m.C)
	BatchNormGradStats(m, plain, x, dy, stats, wantGS, 0, m.C)
	inPieces(m.C, func(c0, c1 int) { BatchNormGradStats(m, plain, x, dy, stats, gs, c0, c1) })
	closeTo(t, "gradient statistics", gs, wantGS, 0)

	dx, wantDX := make([]float64, size), make([]float64, size)
	BatchNormGradInput(m, plain, x, dy, gamma, stats, gs, wantDX, 0, m.Planes())
	inPieces(m.Planes(), func(i0, i1 int) { BatchNormGradInput(m, plain, x, dy, gamma, stats, gs, dx, i0, i1) })
	closeTo(t, "dx", dx, wantDX, 0)

	BatchNormEvalGradInput(m, plain, dy, gamma, stats, wantDX, 0, m.Planes())
	inPieces(m.Planes(), func(i0, i1 int) { BatchNormEvalGradInput(m, plain, dy, gamma, stats, dx, i0, i1) })
	closeTo(t, "evaluation dx", dx, wantDX, 0)
}

// TestBatchNormGradsOfActivations compares the gradients that start behind an activation
// with the activation's gradient and then theirs.
func TestBatchNormGradsOfActivations(t *testing.T) {
	x, c, two := []int{2, 3, 2, 4}, []int{3}, []int{2, 3}
	size := 2 * 3 * 2 * 4
	image, dy, gamma, beta := hashed[float64](1, size), hashed[float64](2, size), hashed[float64](3, 3), hashed[float64](4, 3)
	stats := []float64{0.1, -0.2, 0.3, 0.5, 1, 2}
	gradStats := hashed[float64](5, 6)
	plain := device.BatchNormAttr{Eps: 1e-5}
	compute := func(kind device.Kind, attr any, shapes [][]int, out []int, in ...[]float64) []float64 {
		t.Helper()
		s := stepOf(kind, attr, shapes, [][]int{out})
		y := make([]float64, s.Out[0].Elements())
		var operands []any
		for _, v := range in {
			operands = append(operands, v)
		}
		if err := Run(s, operands, []any{y}); err != nil {
			t.Fatal(err)
		}
		return y
	}
	z := compute(device.BatchNormApply, plain, [][]int{x, two, c, c}, x, image, stats, gamma, beta)
	for act := range device.Acts() {
		fused := device.BatchNormAttr{Eps: 1e-5, Act: act}
		y := compute(device.Activate, device.ActAttr{Act: act}, [][]int{x}, x, z)
		rest := func(ofInput ...[]float64) [][]float64 {
			if act.GradOfOutput() {
				return [][]float64{y}
			}
			return ofInput
		}
		v := append(rest(z), dy)
		dz := compute(device.ActivateGrad, device.ActAttr{Act: act}, [][]int{x, x}, x, v...)
		for _, k := range []struct {
			kind   device.Kind
			shapes [][]int
			out    []int
			in     [][]float64 // dy is nil
			rest   [][]float64
		}{
			{device.BatchNormGradStats, [][]int{x, x, two, c, c}, two, [][]float64{image, nil, stats}, rest(gamma, beta)},
			{device.BatchNormGradInput, [][]int{x, x, c, two, two, c}, x, [][]float64{image, nil, gamma, stats, gradStats}, rest(beta)},
			{device.BatchNormEvalGradInput, [][]int{x, c, two, x, c}, x, [][]float64{nil, gamma, stats}, rest(image, beta)},
		} {
			with := func(d []float64, rest ...[]float64) (in [][]float64) {
				for _, v := range k.in {
					if v == nil {
						v = d
					}
					in = append(in, v)
				}
				return append(in, rest...)
			}
			want := compute(k.kind, plain, k.shapes[:len(k.in)], k.out, with(dz)...)
			got := compute(k.kind, fused, k.shapes[:len(k.in)+len(k.rest)], k.out, with(dy, k.rest...)...)
			closeTo(t, k.kind.String()+" behind "+act.String(), got, want, 1e-14)
		}
	}
}

func TestBatchNormSpreadsNaN(t *testing.T) {
	m := Maps{N: 1, C: 2, P: 2}
	stats := make([]float32, 4)
	BatchNormStats(m, []float32{1, float32(math.NaN()), 3, 5}, stats, 0, 2)
	if stats[0] == stats[0] || stats[1] != 4 || stats[3] != 1 {
		t.Errorf("stats = %v, want NaN in channel 0 alone, mean 4 and variance 1 in channel 1", stats)
	}
}
