package transforms

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
)

// Resize scales the short side to Size pixels and the long side to
// ⌊Size·long/short⌋, as torchvision's, with Pillow's antialiased bilinear
// filter.
type Resize struct{ Size int }

// Validate names the field that cannot be used.
func (t Resize) Validate() error {
	if t.Size < 1 {
		return fmt.Errorf("transforms: Resize.Size = %d, want at least 1", t.Size)
	}
	return nil
}

// Apply resizes, or returns img if it has that size.
func (t Resize) Apply(img *RGB, _ *rand.Rand) *RGB {
	w, h := t.Size, t.Size
	if img.W <= img.H {
		h = t.Size * img.H / img.W
	} else {
		w = t.Size * img.W / img.H
	}
	if w == img.W && h == img.H {
		return img
	}
	return ResizeTo(img, w, h)
}

// ResizeTo scales img to w×h pixels with Pillow's antialiased bilinear filter.
func ResizeTo(img *RGB, w, h int) *RGB {
	return resizeBox(img, Box{W: img.W, H: img.H}, w, h)
}

// Pillow's fixed point: weights have 22 bits after the point, so that a sum of
// weighted 8-bit levels fits 32 bits.
const (
	weightBits = 22
	weightHalf = 1 << (weightBits - 1)
)

// resizeBox cuts box out of img and scales it to w×h in two passes with 8-bit
// levels between them, as Pillow does. A side that keeps its length is not
// filtered.
func resizeBox(img *RGB, box Box, w, h int) *RGB {
	out := NewRGB(w, h)
	source, stride := img.Pix[3*(box.Y*img.W+box.X):], 3*img.W
	switch {
	case box.W == w && box.H == h:
		for y := range h {
			copy(out.row(y), source[y*stride:])
		}
	case box.H == h:
		resizeRows(out, source, stride, newFilter(box.W, w))
	case box.W == w:
		resizeColumns(out, source, stride, newFilter(box.H, h))
	case columnsFirst(box, w, h):
		between := scratch(box.W, h)
		defer scratchPool.Put(between)
		resizeColumns(between, source, stride, newFilter(box.H, h))
		resizeRows(out, between.Pix, 3*box.W, newFilter(box.W, w))
	default:
		between := scratch(w, box.H)
		defer scratchPool.Put(between)
		resizeRows(between, source, stride, newFilter(box.W, w))
		resizeColumns(out, between.Pix, 3*w, newFilter(box.H, h))
	}
	return out
}

// columnsFirst is the order of passes of Pillow 13 for an image that loses much
// height. It matters for the rounding between the passes.
func columnsFirst(box Box, w, h int) bool { return box.H > h && 2*(box.W-w) < box.H-h }

var scratchPool = sync.Pool{New: func() any { return new(RGB) }}

// scratch returns an image with undefined content from the pool.
func scratch(w, h int) *RGB {
	img := scratchPool.Get().(*RGB)
	if cap(img.Pix) < 3*w*h {
		img.Pix = make([]uint8, 3*w*h)
	}
	img.W, img.H, img.Pix = w, h, img.Pix[:3*w*h]
	return img
}

// A filter has, for each output pixel, the first input pixel and the weights of
// it and of those after it.
type filter struct {
	first   []int
	weights [][]int32
}

// newFilter samples the triangle function, stretched when the image shrinks.
func newFilter(in, out int) filter {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	f := filter{first: make([]int, out), weights: make([][]int32, out)}
	most := int(math.Ceil(stretch))*2 + 1
	all, w := make([]int32, out*most), make([]float64, most)
	for i := range out {
		centre := (float64(i) + 0.5) * scale
		from := max(int(centre-stretch+0.5), 0)
		to := min(int(centre+stretch+0.5), in)
		w, sum := w[:to-from], 0.0
		for j := range w {
			w[j] = max(0, 1-math.Abs((float64(j+from)-centre+0.5)*(1/stretch)))
			sum += w[j]
		}
		k := all[i*most : i*most+len(w) : i*most+len(w)]
		for j := range w {
			k[j] = int32(w[j]/sum*(1<<weightBits) + 0.5)
		}
		f.first[i], f.weights[i] = from, k
	}
	return f
}

func resizeRows(out *RGB, source []uint8, stride int, f filter) {
	for y := range out.H {
		src, dst := source[y*stride:], out.row(y)
		for x, k := range f.weights {
			p := src[3*f.first[x]:]
			p = p[:3*len(k)]
			r, g, b := int32(weightHalf), int32(weightHalf), int32(weightHalf)
			for _, w := range k {
				r += int32(p[0]) * w
				g += int32(p[1]) * w
				b += int32(p[2]) * w
				p = p[3:]
			}
			d := dst[3*x : 3*x+3 : 3*x+3]
			d[0], d[1], d[2] = level(r), level(g), level(b)
		}
	}
}

func resizeColumns(out *RGB, source []uint8, stride int, f filter) {
	n := 3 * out.W
	sums := make([]int32, n)
	for y, k := range f.weights {
		p := source[f.first[y]*stride:]
		dst := out.row(y)
		switch len(k) {
		case 1:
			copy(dst, p[:n])
		case 2:
			blendRows(dst, p[:n], p[stride:stride+n], k[0], k[1])
		default:
			for i, v := range p[:n] {
				sums[i] = weightHalf + int32(v)*k[0]
			}
			for j, w := range k[1:] {
				q := p[(j+1)*stride:][:n]
				for i := range sums {
					sums[i] += int32(q[i]) * w
				}
			}
			for i, s := range sums {
				dst[i] = level(s)
			}
		}
	}
}

func blendRows(dst, p, q []uint8, a, b int32) {
	q, dst = q[:len(p)], dst[:len(p)]
	for i, v := range p {
		dst[i] = level(weightHalf + int32(v)*a + int32(q[i])*b)
	}
}

// level rounds a sum in fixed point. It may exceed 255 by the rounding of the weights,
// but is never negative, as they are not.
func level(s int32) uint8 { return uint8(min(s>>weightBits, 255)) }
