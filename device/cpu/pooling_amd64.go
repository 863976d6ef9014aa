//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

// windowList lists the pixels of one image that each output pixel of a pool covers. Pixels
// outside the image are not in it: padding of a pool has no value.
type windowList struct {
	n, c    int
	in, out int     // pixels of an image
	places  []int32 // of all windows, in bytes within an image
	first   []int32 // of each window, and one more
	scale   []float32
}

// axis lists the half-open range of inputs of each output along one side.
type axis struct{ lo, hi []int }

func poolAxis(in, out, k, stride, pad int) axis {
	var a axis
	for o := range out {
		from := o*stride - pad
		a.lo, a.hi = append(a.lo, max(from, 0)), append(a.hi, min(from+k, in))
	}
	return a
}

func adaptiveAxis(in, out int) axis {
	var a axis
	for o := range out {
		lo, hi := geometry.AdaptiveWindow(o, in, out)
		a.lo, a.hi = append(a.lo, lo), append(a.hi, hi)
	}
	return a
}

// windowsOf lists the windows of a pool's step.
func windowsOf(s *device.Step) *windowList {
	var w *windowList
	var h, v axis
	width := 0
	switch a := s.Attr.(type) {
	case device.PoolAttr:
		w = &windowList{n: a.N, c: a.C, in: a.H * a.W, out: a.OutH() * a.OutW()}
		v, h = poolAxis(a.H, a.OutH(), a.KH, a.StrideH, a.PadH), poolAxis(a.W, a.OutW(), a.KW, a.StrideW, a.PadW)
		width = a.W
	case device.AdaptivePoolAttr:
		w = &windowList{n: a.N, c: a.C, in: a.H * a.W, out: a.OutH * a.OutW}
		v, h = adaptiveAxis(a.H, a.OutH), adaptiveAxis(a.W, a.OutW)
		width = a.W
	}
	w.first = append(w.first, 0)
	for y := range v.lo {
		for x := range h.lo {
			for i := v.lo[y]; i < v.hi[y]; i++ {
				for j := h.lo[x]; j < h.hi[x]; j++ {
					w.places = append(w.places, int32((i*width+j)*pixelBytes))
				}
			}
			w.first = append(w.first, int32(len(w.places)))
			w.scale = append(w.scale, 1/float32(divisor(s, v, h, y, x)))
		}
	}
	return w
}

// divisor is the number by which an average pool divides the sum of window (y, x).
func divisor(s *device.Step, v, h axis, y, x int) int {
	if a, ok := s.Attr.(device.PoolAttr); ok && a.CountIncludePad {
		// the window within the padded image, as PyTorch counts
		rows := min(y*a.StrideH-a.PadH+a.KH, a.H+a.PadH) - (y*a.StrideH - a.PadH)
		cols := min(x*a.StrideW-a.PadW+a.KW, a.W+a.PadW) - (x*a.StrideW - a.PadW)
		return rows * cols
	}
	return max(1, (v.hi[y]-v.lo[y])*(h.hi[x]-h.lo[x]))
}

// job calls do for each output pixel with the addresses, by image, of the inputs and
// of the pixel itself. Pieces are images × blocks of channels: windows overlap, so an
// image's gradient is summed by one worker. With clearIn the inputs, which then are a
// gradient, are set to zero first.
func (w *windowList) job(in, out unsafe.Pointer, clearIn bool, do func(image unsafe.Pointer, window int, pixel unsafe.Pointer)) *job {
	inPlane, outPlane := (w.n*w.in+1)*pixelBytes, (w.n*w.out+1)*pixelBytes
	return &job{pieces: w.n * blocks(w.c), do: func(_, piece int) {
		block, image := piece/w.n, piece%w.n
		src := unsafe.Add(in, block*inPlane+image*w.in*pixelBytes)
		dst := unsafe.Add(out, block*outPlane+image*w.out*pixelBytes)
		if clearIn {
			clear(unsafe.Slice((*float32)(src), w.in*lanes))
		}
		for i := range w.out {
			do(src, i, unsafe.Add(dst, i*pixelBytes))
		}
	}}
}

// of is the first place and the number of places of a window.
func (w *windowList) of(i int) (*int32, int64) {
	return &w.places[w.first[i]], int64(w.first[i+1] - w.first[i])
}

// bindPool pools maps.
func (d *Device) bindPool(s *device.Step, in, out []device.Memory) device.Kernel {
	for _, t := range append(append([]*device.Tensor(nil), s.In...), s.Out...) {
		if d.layoutOf(t) != maps {
			return nil
		}
	}
	w := windowsOf(s)
	for i := range w.out {
		if w.first[i] == w.first[i+1] {
			return nil // a window without an input
		}
	}
	pad := d.padPixels(s.Out[0], out[0])
	x, y := at(in[0], 0), at(out[0], 0)
	switch s.Kind {
	case device.MaxPool:
		return d.jobs(w.job(x, y, false, func(image unsafe.Pointer, i int, pixel unsafe.Pointer) {
			places, n := w.of(i)
			maxPixel(image, places, n, pixel)
		}), pad)
	case device.MaxPoolGrad:
		return d.jobs(w.maxGrad(x, at(in[1], 0), y), pad)
	case device.AvgPool, device.AdaptiveAvgPool:
		return d.jobs(w.job(x, y, false, func(image unsafe.Pointer, i int, pixel unsafe.Pointer) {
			places, n := w.of(i)
			sumPixel(image, places, n, w.scale[i], pixel)
		}), pad)
	}
	return d.jobs(w.job(y, x, true, func(image unsafe.Pointer, i int, pixel unsafe.Pointer) {
		places, n := w.of(i)
		spreadPixel(image, places, n, w.scale[i], pixel)
	}), pad)
}

// maxGrad adds dy to dx at the first maximum of each window.
func (w *windowList) maxGrad(x, dy, dx unsafe.Pointer) *job {
	inPlane, outPlane := (w.n*w.in+1)*pixelBytes, (w.n*w.out+1)*pixelBytes
	return &job{pieces: w.n * blocks(w.c), do: func(_, piece int) {
		block, image := piece/w.n, piece%w.n
		src := block*inPlane + image*w.in*pixelBytes
		from := unsafe.Add(dy, block*outPlane+image*w.out*pixelBytes)
		clear(unsafe.Slice((*float32)(unsafe.Add(dx, src)), w.in*lanes))
		for i := range w.out {
			places, n := w.of(i)
			maxPixelGrad(unsafe.Add(x, src), unsafe.Add(dx, src), places, n, unsafe.Add(from, i*pixelBytes))
		}
	}}
}
