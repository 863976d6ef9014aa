package ref

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/bfloat16"
)

// TestRunRoundsOnce compares a fused step whose result is stored as bfloat16 with the exact
// result, rounded: nothing within the step is.
func TestRunRoundsOnce(t *testing.T) {
	a := device.LinearAttr{Bias: true, Act: device.ReLU}
	for _, accumulate := range []bool{false, true} {
		s := stepOf(device.Linear, a, [][]int{{3, 50}, {7, 50}, {7}}, [][]int{{3, 7}})
		if accumulate {
			s = stepOf(device.LinearGradInput, nil, [][]int{{3, 50}, {50, 7}}, [][]int{{3, 7}})
		}
		s.Accumulate = accumulate
		_, out := mustRun(t, s)
		exact := out[0]
		s.Out[0].DType, s.Out[0].Stored = device.Float32, device.BFloat16
		_, out = mustRun(t, s)
		rounded := false
		for i, v := range out[0] {
			rounded = rounded || v != exact[i]
			if want := bfloat16.Round(exact[i]); v != want {
				t.Errorf("accumulate %v: result %d is %v, want %v: %v rounded", accumulate, i, v, want, exact[i])
			}
		}
		if !rounded {
			t.Error("every result is a bfloat16 as it is: the test tests nothing")
		}
	}
}
