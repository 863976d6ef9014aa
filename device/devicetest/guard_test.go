package devicetest

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
	_ "github.com/euryale-ml/euryale/device/cpu"
)

// witness is a test that notes a failure and keeps its cleanups.
type witness struct {
	*testing.T
	failed   bool
	cleanups []func()
}

func (w *witness) Errorf(string, ...any) { w.failed = true }
func (w *witness) Failed() bool          { return w.failed }
func (w *witness) Cleanup(f func())      { w.cleanups = append(w.cleanups, f) }

// TestGuards writes beside an operand, by one element on either side.
func TestGuards(t *testing.T) {
	dev, err := device.Open("cpu", device.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	x := &device.Tensor{Shape: []int{40}, DType: device.Float32}
	for place, wrong := range map[int64]bool{-64: true, 0: false, dev.Bytes(x) - 64: false, dev.Bytes(x): true} {
		w := &witness{T: t}
		m := room(w, dev, dev.Bytes(x))
		m.Offset += place
		write(t, dev, m, make([]float32, 16))
		for _, f := range w.cleanups {
			f()
		}
		if w.failed != wrong {
			t.Errorf("64 bytes at %d of %d: reported %v, want %v", place, dev.Bytes(x), w.failed, wrong)
		}
	}
}
