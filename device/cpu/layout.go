package cpu

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
)

// lanes is the number of channels in a block.
const lanes = 16

// layout is the order of a tensor's elements in memory, a function of shape, type, role and
// Param. Values stored as bfloat16 have the order of float32 values, in half the bytes.
//
// In maps [N, C, H, W] the channel blocks come first, and every block's plane ends
// in a pad pixel that is always zero: [⌈C/16⌉][N·H·W + 1][16]. All pixels of all
// images are one sequence, so elementwise passes are loops over one array, 1×1 convolutions
// are matrix products, and a convolution's tap outside the image reads the pad pixel
// instead of a border. Lanes past C are zero: every producer writes zeros there, and
// convolutions do since their padded weights are zero.
type layout uint8

const (
	plain   layout = iota // row-major
	rows                  // row-major, rows padded with zeros to 16 elements: vectors and matrices
	maps                  // channel blocks with a pad pixel: activations [N, C, H, W]
	weights               // [⌈O/16⌉][KH·KW][⌈I/16⌉][16 inputs][16 outputs]: convolution parameters [O, I, KH, KW]
)

// imageChannels is the largest number of channels of an input that is kept in NCHW.
const imageChannels = 4

func (d *Device) layoutOf(t *device.Tensor) layout {
	if !d.fast || t.DType != device.Float32 {
		return plain
	}
	switch len(t.Shape) {
	case 1, 2:
		return rows
	case 4:
		if t.Param {
			return weights
		}
		if t.Role == device.Input && t.Shape[1] <= imageChannels {
			return plain
		}
		return maps
	}
	return plain
}

func blocks(c int) int { return (c + lanes - 1) / lanes }

func padded(c int) int { return blocks(c) * lanes }

// planeFloats is the size of one channel block of maps [N, C, H, W].
func planeFloats(shape []int) int { return (shape[0]*shape[2]*shape[3] + 1) * lanes }

// floats is the number of elements of a tensor in its layout.
func (d *Device) floats(t *device.Tensor) int {
	s := t.Shape
	switch d.layoutOf(t) {
	case rows:
		return t.Elements() / s[len(s)-1] * padded(s[len(s)-1])
	case maps:
		return blocks(s[1]) * planeFloats(s)
	case weights:
		return padded(s[0]) * padded(s[1]) * s[2] * s[3]
	}
	return t.Elements()
}

// Bytes is the size of a tensor in its layout, rounded up to a cache line.
func (d *Device) Bytes(t *device.Tensor) int64 {
	return (int64(d.floats(t))*t.Storage().Size() + 63) &^ 63
}

// Upload converts canonical host memory to the tensor's layout.
func (d *Device) Upload(t *device.Tensor, dst device.Memory, host any) error {
	if err := checkHost(t, host); err != nil {
		return err
	}
	if err := d.ready(dst); err != nil {
		return err
	}
	switch h := host.(type) {
	case []float32:
		d.write(t, dst, h, &d.half)
	case []float64:
		copy(span[float64](dst, len(h)), h)
	case []int64:
		copy(span[int64](dst, len(h)), h)
	}
	return nil
}

// Download converts from the tensor's layout to canonical host memory.
func (d *Device) Download(t *device.Tensor, src device.Memory, host any) error {
	if err := checkHost(t, host); err != nil {
		return err
	}
	if err := d.ready(src); err != nil {
		return err
	}
	switch h := host.(type) {
	case []float32:
		d.read(t, src, h, &d.half)
	case []float64:
		copy(h, span[float64](src, len(h)))
	case []int64:
		copy(h, span[int64](src, len(h)))
	}
	return nil
}

func checkHost(t *device.Tensor, host any) error {
	n, dt := -1, t.DType
	switch h := host.(type) {
	case []float32:
		n, dt = len(h), device.Float32
	case []float64:
		n, dt = len(h), device.Float64
	case []int64:
		n, dt = len(h), device.Int64
	}
	if n != t.Elements() || dt != t.DType {
		return fmt.Errorf("cpu: %s %v: %w: %T of %d elements, want []%v of %d", t.Name, t.Shape, ErrHost, host, max(n, 0), t.DType, t.Elements())
	}
	return nil
}

// write stores a canonical tensor in its layout and storage type, padding included.
func (d *Device) write(t *device.Tensor, dst device.Memory, host []float32, h *halves) {
	if t.Storage() != device.BFloat16 {
		pack(d.layoutOf(t), t.Shape, f32(dst, d.floats(t)), host)
		return
	}
	to := span[uint16](dst, d.floats(t))
	if d.layoutOf(t) == plain {
		d.narrow(to, host)
		return
	}
	half := h.of(len(host))
	d.narrow(half, host)
	pack(d.layoutOf(t), t.Shape, to, half)
}

// read is the reverse of write.
func (d *Device) read(t *device.Tensor, src device.Memory, host []float32, h *halves) {
	if t.Storage() != device.BFloat16 {
		unpack(d.layoutOf(t), t.Shape, f32(src, d.floats(t)), host)
		return
	}
	from := span[uint16](src, d.floats(t))
	if d.layoutOf(t) == plain {
		d.widen(host, from)
		return
	}
	half := h.of(len(host))
	unpack(d.layoutOf(t), t.Shape, from, half)
	d.widen(host, half)
}

// halves is memory for canonical bfloat16 values. The caller's goroutine has one and the
// kernels have another, since a run may be pending while staging memory is written or read.
type halves []uint16

// of is memory for n values; the next call reuses it.
func (h *halves) of(n int) []uint16 {
	if len(*h) < n {
		*h = make([]uint16, n)
	}
	return (*h)[:n]
}

// element is the type of stored elements: float32 values, or the bits of bfloat16 values.
type element interface{ float32 | uint16 }

// pack writes canonical elements in a layout, padding included.
func pack[T element](l layout, shape []int, dst, host []T) {
	switch l {
	case rows:
		k := shape[len(shape)-1]
		for i := 0; i*k < len(host); i++ {
			row := dst[i*padded(k) : (i+1)*padded(k)]
			clear(row[copy(row, host[i*k:(i+1)*k]):])
		}
	case maps:
		packMaps(shape, dst, host)
	case weights:
		packWeights(shape, dst, host)
	default:
		copy(dst, host)
	}
}

func unpack[T element](l layout, shape []int, src, host []T) {
	switch l {
	case rows:
		k := shape[len(shape)-1]
		for i := 0; i*k < len(host); i++ {
			copy(host[i*k:(i+1)*k], src[i*padded(k):])
		}
	case maps:
		unpackMaps(shape, src, host)
	case weights:
		unpackWeights(shape, src, host)
	default:
		copy(host, src)
	}
}

func packMaps[T element](shape []int, dst, host []T) {
	n, c, pixels := shape[0], shape[1], shape[2]*shape[3]
	plane := planeFloats(shape)
	for cb := range blocks(c) {
		p := dst[cb*plane : (cb+1)*plane]
		if c-cb*lanes < lanes {
			clear(p)
		}
		clear(p[len(p)-lanes:])
		for i := range n {
			for l := range min(lanes, c-cb*lanes) {
				from := host[(i*c+cb*lanes+l)*pixels:][:pixels]
				to := p[i*pixels*lanes+l:]
				for j, v := range from {
					to[j*lanes] = v
				}
			}
		}
	}
}

func unpackMaps[T element](shape []int, src, host []T) {
	n, c, pixels := shape[0], shape[1], shape[2]*shape[3]
	plane := planeFloats(shape)
	for ch := range c {
		from := src[ch/lanes*plane+ch%lanes:]
		for i := range n {
			to := host[(i*c+ch)*pixels:][:pixels]
			for j := range to {
				to[j] = from[(i*pixels+j)*lanes]
			}
		}
	}
}

// weightIndex visits every canonical element (o, i, tap) with its place in the layout.
func weightIndex(shape []int, visit func(canonical, place int)) {
	o, in, taps := shape[0], shape[1], shape[2]*shape[3]
	ib := blocks(in)
	for oc := range o {
		for ic := range in {
			place := (((oc/lanes*taps)*ib+ic/lanes)*lanes+ic%lanes)*lanes + oc%lanes
			canonical := (oc*in + ic) * taps
			for tap := range taps {
				visit(canonical+tap, place+tap*ib*lanes*lanes)
			}
		}
	}
}

func packWeights[T element](shape []int, dst, host []T) {
	clear(dst)
	weightIndex(shape, func(c, p int) { dst[p] = host[c] })
}

func unpackWeights[T element](shape []int, src, host []T) {
	weightIndex(shape, func(c, p int) { host[c] = src[p] })
}
