package ref

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// stepOf is a step over float64 tensors of these shapes.
func stepOf(kind device.Kind, attr any, in, out [][]int) *device.Step {
	s := &device.Step{Kind: kind, Attr: attr}
	for _, shape := range in {
		s.In = append(s.In, &device.Tensor{Shape: shape, DType: device.Float64})
	}
	for _, shape := range out {
		s.Out = append(s.Out, &device.Tensor{Shape: shape, DType: device.Float64})
	}
	return s
}

// mustRun runs a step on hashed inputs and returns inputs and outputs. Outputs start
// out dirty, with hashed values of their own.
func mustRun(t *testing.T, s *device.Step) (in, out [][]float64) {
	t.Helper()
	var anyIn, anyOut []any
	for i, x := range s.In {
		in = append(in, hashed[float64](uint32(i+1), volume(x.Shape)))
		anyIn = append(anyIn, in[i])
	}
	for i, y := range s.Out {
		out = append(out, hashed[float64](uint32(100+i), volume(y.Shape)))
		anyOut = append(anyOut, out[i])
	}
	if err := Run(s, anyIn, anyOut); err != nil {
		t.Fatal(err)
	}
	return in, out
}

func TestRunFusedConvolution(t *testing.T) {
	g := conv(2, 3, 5, 5, 4, 3, 1, 1, 1, 1)
	operands := [][]int{g.InputShape(), g.WeightShape(), {4}}
	_, plain := mustRun(t, stepOf(device.Conv2D, device.ConvAttr{Conv2D: g}, operands[:2], [][]int{g.OutputShape()}))
	in, biased := mustRun(t, stepOf(device.Conv2D, device.ConvAttr{Conv2D: g, Bias: true, Act: device.ReLU}, operands, [][]int{g.OutputShape()}))
	m := MapsOf(g.OutputShape())
	BiasAdd(m, plain[0], in[2], plain[0], device.ReLU, 0, m.Planes())
	closeTo(t, "y", biased[0], plain[0], 0)
}

func TestRunFusedLinear(t *testing.T) {
	operands, out := [][]int{{3, 5}, {4, 5}, {4}}, [][]int{{3, 4}}
	_, plain := mustRun(t, stepOf(device.Linear, device.LinearAttr{}, operands[:2], out))
	in, biased := mustRun(t, stepOf(device.Linear, device.LinearAttr{Bias: true}, operands, out))
	_, clipped := mustRun(t, stepOf(device.Linear, device.LinearAttr{Act: device.ReLU}, operands[:2], out))
	for i := range plain[0] {
		if want := plain[0][i] + in[2][i%4]; biased[0][i] != want {
			t.Fatalf("element %d with bias is %v, want %v", i, biased[0][i], want)
		}
		if want := max(plain[0][i], 0); clipped[0][i] != want {
			t.Fatalf("element %d with ReLU is %v, want %v", i, clipped[0][i], want)
		}
	}
}

func TestRunAccumulates(t *testing.T) {
	g := conv(2, 3, 5, 5, 4, 3, 2, 1, 1, 1)
	s := stepOf(device.Conv2DGradInput, device.ConvAttr{Conv2D: g}, [][]int{g.OutputShape(), g.WeightShape()}, [][]int{g.InputShape()})
	_, want := mustRun(t, s)
	s.Accumulate = true
	_, got := mustRun(t, s)
	Add(want[0], hashed[float64](100, len(want[0])), want[0], device.None)
	closeTo(t, "dx", got[0], want[0], 1e-14)
}

func TestRunUpdates(t *testing.T) {
	momentum, plain := device.SGDAttr{Momentum: 0.9, WeightDecay: 0.1, Nesterov: true}, device.SGDAttr{WeightDecay: 0.1}
	w := []int{4, 5}
	for _, attr := range []device.SGDAttr{momentum, plain} {
		state := [][]int{w, w}
		if attr.Momentum == 0 {
			state = state[:1]
		}
		in, got := mustRun(t, stepOf(device.LinearUpdate, attr, append(append([][]int{{3, 5}, {3, 4}}, state...), nil), state))
		_, g := mustRun(t, stepOf(device.LinearGradWeight, nil, [][]int{{3, 5}, {3, 4}}, [][]int{w}))
		want := append([]float64(nil), in[2]...)
		velocity := append([]float64(nil), in[3]...)
		SGD(attr, want, velocity[:len(in[3])], g[0], in[len(in)-1][0])
		closeTo(t, "linear update", got[0], want, 1e-14)

		in, got = mustRun(t, stepOf(device.SGD, attr, append(append([][]int{}, state...), w, nil), state))
		want, velocity = append([]float64(nil), in[0]...), append([]float64(nil), in[1]...)
		SGD(attr, want, velocity, in[len(in)-2], in[len(in)-1][0])
		closeTo(t, "weight", got[0], want, 1e-14)
		if attr.Momentum != 0 {
			closeTo(t, "velocity", got[1], velocity, 1e-14)
		}
	}
}

func TestRunUnknownKind(t *testing.T) {
	if err := Run(stepOf(device.Host, nil, nil, [][]int{{1}}), nil, []any{[]float64{0}}); err == nil {
		t.Error("a foreign step has no kernel, but Run reports no error")
	}
	if err := Run(stepOf(device.Activate, device.ActAttr{Act: device.ReLU}, nil, nil), nil, nil); err == nil {
		t.Error("a step without operands reports no error")
	}
}

// TestRunPassesOperandsOn compares fused kinds, as Run reads their operands, with
// their parts.
func TestRunPassesOperandsOn(t *testing.T) {
	x, vector, stats := []int{2, 3, 2, 2}, []int{3}, []int{2, 3}
	// The hashed variances may be negative, hence the large ε.
	plain, fused := device.BatchNormAttr{Eps: 2}, device.BatchNormAttr{Eps: 2, Residual: true, Act: device.ReLU}
	in, y := mustRun(t, stepOf(device.BatchNormPack, nil, [][]int{vector, vector}, [][]int{stats}))
	closeTo(t, "stats", y[0], append(append([]float64(nil), in[0]...), in[1]...), 0)

	_, want := mustRun(t, stepOf(device.BatchNormApply, plain, [][]int{x, stats, vector, vector}, [][]int{x}))
	in, y = mustRun(t, stepOf(device.BatchNormApply, fused, [][]int{x, stats, vector, vector, x}, [][]int{x}))
	Add(want[0], in[4], want[0], device.ReLU)
	closeTo(t, "fused batch normalisation", y[0], want[0], 1e-14)

	in, y = mustRun(t, stepOf(device.Scale, nil, [][]int{x, nil}, [][]int{x}))
	Scale(in[0], in[1][0], want[0])
	closeTo(t, "scale", y[0], want[0], 0)

	in, y = mustRun(t, stepOf(device.Add, device.AddAttr{Act: device.ReLU}, [][]int{x, x}, [][]int{x}))
	Add(in[0], in[1], want[0], device.ReLU)
	closeTo(t, "add", y[0], want[0], 0)

	in, y = mustRun(t, stepOf(device.BiasAdd, device.BiasAttr{Act: device.ReLU}, [][]int{x, vector}, [][]int{x}))
	BiasAdd(MapsOf(x), in[0], in[1], want[0], device.ReLU, 0, 6)
	closeTo(t, "bias", y[0], want[0], 0)
}
