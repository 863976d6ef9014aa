//go:build amd64 && !noasm && !purego

package cpu

import (
	"math"
	"testing"
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

// TestActivationsAreAccurate compares the fast kernels with device/ref in float64 over all
// magnitudes of x: values to 4 units in the last place, where what is below 10⁻²⁸ counts as
// that, gradients to 2⁻²¹ of what their sums are made of. GELUTanh rounds the exponent, which
// costs digits in the tail.
func TestActivationsAreAccurate(t *testing.T) {
	for _, isa := range []string{"avx512", "avx2"} {
		d, err := New(Options{ISA: isa, Threads: 1})
		if err != nil {
			t.Logf("%s: %v", isa, err)
			continue
		}
		defer d.Close()
		for act := range device.Acts() {
			kernel, ok := d.kernels.act[act]
			if !ok {
				t.Errorf("%s has no kernel of %v", isa, act)
				continue
			}
			x := floats()
			v, dy := make([]float64, len(x)), make([]float64, len(x))
			y, dx := make([]float32, len(x)), make([]float32, len(x))
			upstream := make([]float32, len(x))
			for i := range x {
				v[i], upstream[i] = float64(x[i]), 1
			}
			at := func(s []float32) unsafe.Pointer { return unsafe.Pointer(&s[0]) }
			kernel.value(at(x), at(y), int64(len(x)/lanes))
			kernel.grad(at(x), at(upstream), at(dx), int64(len(x)/lanes))
			want, slope := make([]float64, len(x)), make([]float64, len(x))
			ref.Activate(act, v, want)
			for i := range dy {
				dy[i] = 1
			}
			ref.ActivateGrad(act, v, dy, slope)
			worst, worstSlope := 0.0, 0.0
			for i := range x {
				if math.IsNaN(v[i]) {
					if y[i] == y[i] || act != device.ReLU && dx[i] == dx[i] {
						t.Fatalf("%s: %v of NaN is %v, its gradient %v", isa, act, y[i], dx[i])
					}
					continue
				}
				if math.IsInf(v[i], -1) {
					want[i], slope[i] = 0, 0 // the limit
				}
				if math.IsInf(v[i], 1) {
					if !math.IsInf(float64(y[i]), 1) || dx[i] != 1 {
						t.Errorf("%s: %v of +Inf is %v, its gradient %v", isa, act, y[i], dx[i])
					}
					continue
				}
				size := max(math.Abs(want[i]), 1e-28)
				if act == device.GELUTanh {
					size = max(size, math.Abs(v[i])/64)
				}
				worst = max(worst, math.Abs(float64(y[i])-want[i])/size)
				worstSlope = max(worstSlope, math.Abs(float64(dx[i])-slope[i])/max(math.Abs(slope[i]), 0.5))
			}
			if worst > 4*0x1p-23 || worstSlope > 0x1p-21 {
				t.Errorf("%s %v: values within %.2g, gradients within %.2g", isa, act, worst, worstSlope)
			}
		}
	}
}

// floats are numbers of all magnitudes, a multiple of 16.
func floats() []float32 {
	x := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	for e := -40; e < 127; e++ {
		for _, m := range []float64{1, 1.3, 1.71, 1.999} {
			v := float32(math.Ldexp(m, e))
			x = append(x, v, -v)
		}
	}
	for v := float32(-14); v <= 14; v += 0.00173 {
		x = append(x, v)
	}
	for v := float32(-100); v <= 100; v += 0.137 {
		x = append(x, v)
	}
	return x[:len(x)/lanes*lanes]
}
