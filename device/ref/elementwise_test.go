package ref

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// TestElementwise cuts an update into pieces, which give the bits of one and allocate nothing.
func TestElementwise(t *testing.T) {
	const n = 100
	w, m, g, out, want := hashed[float32](1, n), hashed[float32](2, n), hashed[float32](3, n), make([]float32, n), make([]float32, n)
	a, lr := device.LionAttr{Beta1: 0.9, WeightDecay: 0.1}, []float32{0.25}
	s := stepOf(device.LionWeight, a, [][]int{{n}, {n}, {n}, nil}, [][]int{{n}})
	LionWeight(a, w, m, g, lr[0], want)
	pieces := Elementwise(s, [][]float32{w, m, g, lr}, [][]float32{out}, n, 33)
	for _, piece := range pieces {
		if allocations := testing.AllocsPerRun(10, piece); allocations != 0 {
			t.Errorf("a piece allocates %v times", allocations)
		}
	}
	closeTo(t, "pieces", out, want, 0)
	if len(pieces) != 4 {
		t.Errorf("%d pieces, want 4", len(pieces))
	}
}
