package ref

import (
	"math"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
	"github.com/euryale-ml/euryale/internal/philox"
)

var nan = math.NaN()

func TestMaxPoolNaNAndTies(t *testing.T) {
	g := geometry.Pool2D{N: 1, C: 1, H: 1, W: 4, KH: 1, KW: 4, StrideH: 1, StrideW: 4}
	for _, c := range []struct {
		x    []float64
		y    float64
		from int
	}{
		{[]float64{1, 3, 3, 2}, 3, 1},
		{[]float64{1, nan, 3, 2}, nan, 1},
		{[]float64{nan, 1, nan, 2}, nan, 2}, // as PyTorch: each NaN takes over
		{[]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1), math.Inf(-1)}, math.Inf(-1), 0},
	} {
		y, dx, want := make([]float64, 1), make([]float64, 4), make([]float64, 4)
		MaxPool(g, c.x, y, 0, 1)
		MaxPoolGrad(g, c.x, []float64{7}, dx, 0, 1)
		want[c.from] = 7
		if math.Float64bits(y[0]) != math.Float64bits(c.y) && y[0] == y[0] {
			t.Errorf("maximum of %v is %v, want %v", c.x, y[0], c.y)
		}
		closeTo(t, "gradient", dx, want, 0)
	}
}

func TestReLUKeepsNaN(t *testing.T) {
	y := make([]float32, 3)
	Activate(device.ReLU, []float32{-1, float32(nan), 2}, y)
	if y[0] != 0 || y[1] == y[1] || y[2] != 2 {
		t.Errorf("ReLU = %v, want [0 NaN 2]", y)
	}
}

func TestArgMax(t *testing.T) {
	x := []float64{1, 5, 5, 0, 2, nan, 9, nan, -3, -2, -1, -2}
	class := make([]int64, 3)
	inPieces(3, func(r0, r1 int) { ArgMax(4, x, class, r0, r1) })
	if class[0] != 1 || class[1] != 1 || class[2] != 2 {
		t.Errorf("ArgMax = %v, want [1 1 2]", class)
	}
}

func TestCrossEntropyBadLabel(t *testing.T) {
	logits := hashed[float64](1, 6)
	for _, label := range []int64{-1, 3, math.MaxInt64, math.MinInt64} {
		target := Target[float64]{Labels: []int64{1, label}}
		if i := target.BadLabel(3); i != 1 {
			t.Errorf("BadLabel = %d, want 1", i)
		}
		if loss := SoftmaxCrossEntropy(2, 3, logits, target); loss == loss {
			t.Errorf("the loss of label %d is %v, want NaN", label, loss)
		}
		d := make([]float64, 6)
		SoftmaxCrossEntropyGrad(2, 3, logits, target, 1, d, 0, 2)
		if d[0] != d[0] || d[3] == d[3] {
			t.Errorf("gradient of label %d is %v, want NaN in its row alone", label, d)
		}
	}
}

func TestDropout(t *testing.T) {
	const n, p = 4001, 0.3
	key := DropoutKey(device.DropoutAttr{P: p, Stream: philox.Stream("classifier.2")}, []int64{5, 17})
	x, y, pieces := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = 2
	}
	Dropout(x, y, key, p, 0, n)
	inPieces(n, func(i0, i1 int) { Dropout(x, pieces, key, p, i0, i1) })
	closeTo(t, "pieces", pieces, y, 0)
	kept := 0
	for i, v := range y {
		keep := DropoutKeeps(key, uint64(i), p)
		if want := map[bool]float64{true: 2 / (1 - p), false: 0}[keep]; v != want {
			t.Fatalf("element %d is %v, want %v", i, v, want)
		}
		if keep {
			kept++
		}
	}
	if share := float64(kept) / n; math.Abs(share-(1-p)) > 0.03 {
		t.Errorf("%.3f of the elements are kept, want about %v", share, 1-p)
	}
}

func TestFusedBias(t *testing.T) {
	m := Maps{N: 2, C: 3, P: 4}
	x, b := hashed[float32](1, 24), hashed[float32](2, 3)
	want, y := make([]float32, 24), make([]float32, 24)
	BiasAdd(m, x, b, want, device.None, 0, 6)
	Activate(device.ReLU, want, want)
	inPieces(6, func(i0, i1 int) { BiasAdd(m, x, b, y, device.ReLU, i0, i1) })
	closeTo(t, "y", y, want, 0)
}

// TestSGDHasTheBitsOfItsParts is what lets an engine fuse the update.
func TestSGDHasTheBitsOfItsParts(t *testing.T) {
	for _, a := range []device.SGDAttr{
		{}, {WeightDecay: 0.01}, {Momentum: 0.9}, {Momentum: 0.9, WeightDecay: 5e-4}, {Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true},
	} {
		const n = 257
		w, v, g := hashed[float32](1, n), hashed[float32](2, n), hashed[float32](3, n)
		v2, w2 := make([]float32, n), make([]float32, n)
		if a.Momentum == 0 {
			SGDWeight(a, w, g, 0.1, nil, w2)
			SGD(a, w, nil, g, 0.1)
		} else {
			SGDVelocity(a, v, g, w, v2)
			SGDWeight(a, w, v2, 0.1, g, w2)
			SGD(a, w, v, g, 0.1)
			closeTo(t, "velocity", v, v2, 0)
		}
		closeTo(t, "weight", w, w2, 0)
	}
}

func TestLinearPieces(t *testing.T) {
	const n, k, o = 5, 37, 11
	x, w, dy := hashed[float64](1, n*k), hashed[float64](2, o*k), hashed[float64](3, n*o)
	y, dx, dw := make([]float64, n*o), hashed[float64](4, n*k), make([]float64, o*k)
	wantY, wantDX, wantDW := make([]float64, n*o), append([]float64(nil), dx...), make([]float64, o*k)
	for i := range n {
		for j := range o {
			for p := range k {
				wantY[i*o+j] += x[i*k+p] * w[j*k+p]
				wantDX[i*k+p] += dy[i*o+j] * w[j*k+p]
				wantDW[j*k+p] += dy[i*o+j] * x[i*k+p]
			}
		}
	}
	scratch := make([]float64, GemmScratch)
	inPieces(o, func(o0, o1 int) { Linear(n, k, o, x, w, y, o0, o1, scratch) })
	inPieces(k, func(k0, k1 int) { LinearGradInput(n, k, o, dy, w, dx, true, k0, k1, scratch) })
	inPieces(o, func(o0, o1 int) { LinearGradWeight(n, k, o, x, dy, dw, o0, o1, scratch) })
	closeTo(t, "y", y, wantY, 1e-12)
	closeTo(t, "dx", dx, wantDX, 1e-12)
	closeTo(t, "dw", dw, wantDW, 1e-12)
}
