package transforms

import "image"

// fromVP8 makes RGB of a decoded lossy WebP image as libwebp does: chroma is
// interpolated by libwebp's filter, and levels are those of video, luma from 16 to
// 235 and chroma from 16 to 240.
func fromVP8(m *image.YCbCr) *RGB {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := NewRGB(w, h)
	cw, ch := (w+1)/2, (h+1)/2
	cb, cr := make([]uint8, 2*cw+1), make([]uint8, 2*cw+1)
	for y := range h {
		near := y / 2
		far := max(0, min(near-1+y%2*2, ch-1)) // the chroma row on the other side of this pixel row
		expandVP8(cb, m.Cb[near*m.CStride:][:cw], m.Cb[far*m.CStride:][:cw])
		expandVP8(cr, m.Cr[near*m.CStride:][:cw], m.Cr[far*m.CStride:][:cw])
		convertVP8(out.row(y), m.Y[y*m.YStride:][:w], cb, cr)
	}
	return out
}

// expandVP8 doubles a row of chroma: 9/16 of the nearest sample, 3/16 of the two
// beside it and 1/16 of the fourth, with libwebp's rounding. dst has a value more.
func expandVP8(dst, near, far []uint8) {
	n0, f0 := int32(near[0]), int32(far[0])
	dst[0] = uint8((3*n0 + f0 + 2) >> 2)
	for x := 1; x < len(near); x++ {
		n1, f1 := int32(near[x]), int32(far[x])
		sum := n0 + n1 + f0 + f1 + 8
		dst[2*x-1] = uint8(((sum+2*(n1+f0))>>3 + n0) >> 1)
		dst[2*x] = uint8(((sum+2*(n0+f1))>>3 + n1) >> 1)
		n0, f0 = n1, f1
	}
	dst[2*len(near)-1] = uint8((3*n0 + f0 + 2) >> 2)
}

// convertVP8 is ITU-R BT.601 in libwebp's 14-bit fixed point.
func convertVP8(dst, luma, cb, cr []uint8) {
	for x, l := range luma {
		y, u, v := int32(l)*19077>>8, int32(cb[x]), int32(cr[x])
		d := dst[3*x : 3*x+3 : 3*x+3]
		d[0] = clamp((y + v*26149>>8 - 14234) >> 6)
		d[1] = clamp((y - u*6419>>8 - v*13320>>8 + 8708) >> 6)
		d[2] = clamp((y + u*33050>>8 - 17685) >> 6)
	}
}
