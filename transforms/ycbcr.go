package transforms

import (
	"image"
	"sync"
)

// fromYCbCr makes RGB of a decoded JPEG as libjpeg does: chroma that was halved
// is interpolated with a triangle filter, ¾ of the nearer sample and ¼ of the
// farther, with libjpeg's alternating rounding; other ratios are repeated.
func fromYCbCr(m *image.YCbCr) *RGB { return upsample(m, ycc().convert) }

// upsample makes RGB of rows of luma and full rows of chroma.
func upsample(m *image.YCbCr, convert func(dst, luma, cb, cr []uint8)) *RGB {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := NewRGB(w, h)
	if w == 0 || h == 0 {
		return out
	}
	up := newUpsampler(m)
	for y := range h {
		cb, cr := up.rows(y)
		luma := m.Y[m.YOffset(m.Rect.Min.X, m.Rect.Min.Y+y):][:w]
		convert(out.row(y), luma, cb, cr)
	}
	return out
}

// An upsampler gives full rows of chroma.
type upsampler struct {
	w, h       int // of the image
	cw, ch     int // of the chroma planes, as far as the image covers them
	sx, sy     int // pixels to a chroma sample
	cb, cr     []uint8
	stride     int
	sums       []int32
	fullB      []uint8
	fullR      []uint8
	triangular bool
}

func newUpsampler(m *image.YCbCr) *upsampler {
	u := &upsampler{w: m.Rect.Dx(), h: m.Rect.Dy(), stride: m.CStride, sx: 1, sy: 1}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		u.sx = 2
	case image.YCbCrSubsampleRatio420:
		u.sx, u.sy = 2, 2
	case image.YCbCrSubsampleRatio440:
		u.sy = 2
	case image.YCbCrSubsampleRatio411:
		u.sx = 4
	case image.YCbCrSubsampleRatio410:
		u.sx, u.sy = 4, 2
	}
	u.cw, u.ch = (u.w+u.sx-1)/u.sx, (u.h+u.sy-1)/u.sy
	o := m.COffset(m.Rect.Min.X, m.Rect.Min.Y)
	u.cb, u.cr = m.Cb[o:], m.Cr[o:]
	// libjpeg repeats where a row has no inner sample.
	u.triangular = u.sx == 1 && u.sy == 2 || u.sx == 2 && u.cw > 2
	u.sums = make([]int32, u.cw)
	u.fullB, u.fullR = make([]uint8, u.cw*u.sx), make([]uint8, u.cw*u.sx)
	return u
}

// rows returns the w chroma values of row y, until the next call.
func (u *upsampler) rows(y int) (cb, cr []uint8) {
	if u.sx == 1 && u.sy == 1 {
		return u.cb[y*u.stride:][:u.w], u.cr[y*u.stride:][:u.w]
	}
	u.expand(u.fullB, u.cb, y)
	u.expand(u.fullR, u.cr, y)
	return u.fullB[:u.w], u.fullR[:u.w]
}

func (u *upsampler) expand(dst, plane []uint8, y int) {
	near := plane[y/u.sy*u.stride:][:u.cw]
	if !u.triangular {
		for x := range dst {
			dst[x] = near[x/u.sx]
		}
		return
	}
	if u.sy == 1 {
		expandRow(dst, near)
		return
	}
	other := y/2 - 1 + y%2*2 // the row on the other side of this pixel row
	other = max(0, min(other, u.ch-1))
	far := plane[other*u.stride:][:u.cw]
	if u.sx == 1 {
		for x, v := range near {
			dst[x] = uint8((3*int32(v) + int32(far[x]) + 1 + int32(y%2)) >> 2)
		}
		return
	}
	sums := u.sums[:len(near)]
	for x, v := range near {
		sums[x] = 3*int32(v) + int32(far[x])
	}
	expandSums(dst, sums)
}

// expandRow doubles a row: libjpeg's h2v1_fancy_upsample.
func expandRow(dst, src []uint8) {
	last := len(src) - 1
	dst[0], dst[2*last+1] = src[0], src[last]
	for x := range last {
		a, b := int32(src[x]), int32(src[x+1])
		dst[2*x+1] = uint8((3*a + b + 2) >> 2)
		dst[2*x+2] = uint8((3*b + a + 1) >> 2)
	}
}

// expandSums doubles a row of sums over two rows: libjpeg's
// h2v2_fancy_upsample.
func expandSums(dst []uint8, sums []int32) {
	last := len(sums) - 1
	dst[0], dst[2*last+1] = uint8((4*sums[0]+8)>>4), uint8((4*sums[last]+7)>>4)
	a := sums[0]
	d := dst[1:]
	for _, b := range sums[1:] {
		d[0] = uint8((3*a + b + 7) >> 4)
		d[1] = uint8((3*b + a + 8) >> 4)
		a, d = b, d[2:]
	}
}

// yccTable holds libjpeg's 16-bit fixed-point products of ITU-R BT.601.
type yccTable struct {
	redCr, blueCb, greenCb, greenCr [256]int32
}

var ycc = sync.OnceValue(func() *yccTable {
	const half = 1 << 15
	t := new(yccTable)
	for i := range t.redCr {
		x := int32(i - 128)
		t.redCr[i] = (91881*x + half) >> 16   // 1.40200
		t.blueCb[i] = (116130*x + half) >> 16 // 1.77200
		t.greenCr[i] = -46802 * x             // 0.71414
		t.greenCb[i] = -22554*x + half        // 0.34414
	}
	return t
})

func (t *yccTable) convert(dst, luma, cb, cr []uint8) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for x, l := range luma {
		y, b, r := int32(l), cb[x], cr[x]
		d := dst[3*x : 3*x+3 : 3*x+3]
		d[0] = clamp(y + t.redCr[r])
		d[1] = clamp(y + (t.greenCb[b]+t.greenCr[r])>>16)
		d[2] = clamp(y + t.blueCb[b])
	}
}

func clamp(v int32) uint8 {
	if uint32(v) > 255 {
		return uint8(^(v >> 31))
	}
	return uint8(v)
}
