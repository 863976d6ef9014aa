//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
)

// activation are the kernels of an activation function over n blocks of 16 floats. value
// is y = act(x), grad dx = dy·act'(x), where v is y or x, as Act.GradOfOutput says; y may be
// x, and dx dy.
type activation struct {
	value func(x, y unsafe.Pointer, n int64)
	grad  func(v, dy, dx unsafe.Pointer, n int64)
}

// activationsOf are the fast kernels of an instruction set. What has none here is run by
// device/ref.
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

// ending is how a kernel ends in an activation: clip is not 0 where it takes max(0, ·)
// itself, as the tiles and passes do for ReLU; any other activation is a pass of its own
// over what has just been written and still lies in the cache.
type ending struct {
	clip int64
	pass func(x, y unsafe.Pointer, n int64) // or nil
}

// endingOf is nil where there is no fast kernel.
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

// inParts calls do for pixels from offset on, all at once or, where a pass follows, in parts
// that stay in the first-level cache.
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
