package devicetest

import (
	"math"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/device"
)

// Guards are this many bytes before and behind an operand. The size before is not a multiple
// of 128, since places are only multiples of 64.
const (
	guardBefore = 3 * 64
	guardAfter  = 4 * 64
)

// canary is the bits of NaN, as one float32 and as two bfloat16.
const canary = ^uint32(0)

// place is memory for a tensor, filled with NaN, in the middle of a buffer. The memory around
// it must be unchanged at the end of the test.
func place(t testing.TB, dev device.Device, x *device.Tensor) device.Memory {
	t.Helper()
	return room(t, dev, dev.Bytes(x))
}

// room is place for a number of bytes.
func room(t testing.TB, dev device.Device, bytes int64) device.Memory {
	t.Helper()
	bytes = max(bytes+63, 64) &^ 63
	b, err := dev.NewBuffer(guardBefore + bytes + guardAfter)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dev, device.Memory{Buffer: b}, dirt(guardBefore+bytes+guardAfter))
	t.Cleanup(func() {
		if !t.Failed() {
			guarded(t, dev, device.Memory{Buffer: b}, guardBefore, "before")
			guarded(t, dev, device.Memory{Buffer: b, Offset: guardBefore + bytes}, guardAfter, "behind")
		}
		b.Free()
	})
	return device.Memory{Buffer: b, Offset: guardBefore}
}

// guarded reports changes in a guard.
func guarded(t testing.TB, dev device.Device, m device.Memory, bytes int64, where string) {
	t.Helper()
	for i, v := range read(t, dev, m, bytes) {
		if math.Float32bits(v) != canary {
			t.Errorf("a kernel wrote %v at byte %d of the %d %s an operand", v, 4*i, bytes, where)
			return
		}
	}
}

// dirt is host memory filled with NaN.
func dirt(bytes int64) []float32 {
	return slices.Repeat([]float32{math.Float32frombits(canary)}, int(bytes/4))
}

// raw is a tensor that is row-major on every device.
func raw(elements int) *device.Tensor {
	return &device.Tensor{Shape: []int{1, 1, elements}, DType: device.Float32, Name: "raw"}
}

func write(t testing.TB, dev device.Device, m device.Memory, host []float32) {
	t.Helper()
	if err := dev.Upload(raw(len(host)), m, host); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dev device.Device, m device.Memory, bytes int64) []float32 {
	t.Helper()
	host := make([]float32, bytes/4)
	if err := dev.Download(raw(len(host)), m, host); err != nil {
		t.Fatal(err)
	}
	return host
}

// same reports the first difference of bits.
func same(t testing.TB, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Errorf("%s[%d] is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}
