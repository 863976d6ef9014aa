//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
)

// activation are the kernels of an activation function over n blocks of 16 floats: value
// computes y = act(x), grad computes dx = dy·act'(x) from v = y if Act.GradOfOutput, else
// v = x. y may be x, and dx may be dy.
type activation struct {
	value func(x, y unsafe.Pointer, n int64)
	grad  func(v, dy, dx unsafe.Pointer, n int64)
}

// activationsOf are the fast kernels of an instruction set. device/ref computes activations
// that have none.
func activationsOf(isa string) map[device.Act]activation {
	if isa == "avx512" {
		return map[device.Act]activation{
			device.ReLU: {reluBlocks, reluGradBlocks},
			device.SiLU: {siluAVX512, siluGradAVX512},
			device.GELU: {geluAVX512, geluGradAVX512}, device.GELUTanh: {geluTanhAVX512, geluTanhGradAVX512},
		}
	}
	return map[device.Act]activation{
		device.ReLU: {reluBlocks, reluGradBlocks},
		device.SiLU: {siluAVX2, siluGradAVX2},
		device.GELU: {geluAVX2, geluGradAVX2}, device.GELUTanh: {geluTanhAVX2, geluTanhGradAVX2},
	}
}

// ending is the activation at the end of a kernel: none, clip = 1 for ReLU, which tiles and
// passes compute themselves, or a separate pass over the results while they are still in the
// cache.
type ending struct {
	clip int64
	pass func(x, y unsafe.Pointer, n int64) // or nil
}

// endingOf is the ending of a fast kernel, or nil if act has no fast kernel.
func (d *Device) endingOf(act device.Act) *ending {
	switch act {
	case device.None:
		return &ending{}
	case device.ReLU:
		return &ending{clip: 1}
	}
	if a, ok := d.kernels.act[act]; ok {
		return &ending{pass: a.value}
	}
	return nil
}

// apply runs the pass, if there is one, over n blocks.
func (e *ending) apply(y unsafe.Pointer, n int64) {
	if e.pass != nil {
		e.pass(y, y, n)
	}
}

// inParts calls do for a number of pixels from offset on: once or, if a pass follows, for
// parts that stay in the first-level cache.
func (e *ending) inParts(offset int, pixels int64, do func(offset int, pixels int64)) {
	const part = 128
	if e.pass == nil {
		do(offset, pixels)
		return
	}
	for ; pixels > 0; pixels -= part {
		do(offset, min(part, pixels))
		offset += part * pixelBytes
	}
}

// hasActivation reports whether there are fast kernels for an activation and its gradient.
func (d *Device) hasActivation(act device.Act) bool {
	_, ok := d.kernels.act[act]
	return ok || act == device.None
}

//go:noescape
func siluAVX512(x, y unsafe.Pointer, n int64)

//go:noescape
func siluGradAVX512(v, dy, dx unsafe.Pointer, n int64)

//go:noescape
func siluAVX2(x, y unsafe.Pointer, n int64)

//go:noescape
func siluGradAVX2(v, dy, dx unsafe.Pointer, n int64)

//go:noescape
func geluAVX512(x, y unsafe.Pointer, n int64)

//go:noescape
func geluGradAVX512(v, dy, dx unsafe.Pointer, n int64)

//go:noescape
func geluTanhAVX512(x, y unsafe.Pointer, n int64)

//go:noescape
func geluTanhGradAVX512(v, dy, dx unsafe.Pointer, n int64)

//go:noescape
func geluAVX2(x, y unsafe.Pointer, n int64)

//go:noescape
func geluGradAVX2(v, dy, dx unsafe.Pointer, n int64)

//go:noescape
func geluTanhAVX2(x, y unsafe.Pointer, n int64)

//go:noescape
func geluTanhGradAVX2(v, dy, dx unsafe.Pointer, n int64)
