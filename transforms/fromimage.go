package transforms

import "image"

// FromImage converts any image to RGB: alpha is dropped (colours are not
// blended with anything), 16 bits are cut to 8, JPEG's chroma is interpolated
// as libjpeg does, CMYK is turned to RGB as Pillow does. An *RGB is returned as
// it is.
func FromImage(m image.Image) *RGB {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	switch m := m.(type) {
	case *RGB:
		return m
	case *image.YCbCr:
		return fromYCbCr(m)
	case *image.Gray:
		return fromBytes(w, h, m.Pix, m.Stride, 1, func(d, s []uint8) { d[0], d[1], d[2] = s[0], s[0], s[0] })
	case *image.Gray16:
		return fromBytes(w, h, m.Pix, m.Stride, 2, func(d, s []uint8) { d[0], d[1], d[2] = s[0], s[0], s[0] })
	case *image.NRGBA:
		return fromBytes(w, h, m.Pix, m.Stride, 4, func(d, s []uint8) { d[0], d[1], d[2] = s[0], s[1], s[2] })
	case *image.NRGBA64:
		return fromBytes(w, h, m.Pix, m.Stride, 8, func(d, s []uint8) { d[0], d[1], d[2] = s[0], s[2], s[4] })
	case *image.RGBA:
		if m.Opaque() {
			return fromBytes(w, h, m.Pix, m.Stride, 4, func(d, s []uint8) { d[0], d[1], d[2] = s[0], s[1], s[2] })
		}
	case *image.RGBA64:
		if m.Opaque() {
			return fromBytes(w, h, m.Pix, m.Stride, 8, func(d, s []uint8) { d[0], d[1], d[2] = s[0], s[2], s[4] })
		}
	case *image.CMYK:
		return fromBytes(w, h, m.Pix, m.Stride, 4, fromCMYK)
	case *image.Paletted:
		colours := rgbPalette(m.Palette)
		return fromBytes(w, h, m.Pix, m.Stride, 1, func(d, s []uint8) { copy(d, colours[s[0]][:]) })
	}
	out := NewRGB(w, h)
	for y := range h {
		for x := range w {
			c := opaque(m.At(b.Min.X+x, b.Min.Y+y))
			copy(out.Pix[3*(y*w+x):], c[:])
		}
	}
	return out
}

// fromBytes converts pixels of size bytes, whose first lies at pix[0].
func fromBytes(w, h int, pix []uint8, stride, size int, convert func(dst, src []uint8)) *RGB {
	out := NewRGB(w, h)
	for y := range h {
		src, dst := pix[y*stride:], out.row(y)
		for x := range w {
			convert(dst[3*x:3*x+3:3*x+3], src[x*size:(x+1)*size])
		}
	}
	return out
}

// fromCMYK is Pillow's conversion: (255 − ink)·(255 − black)/255 for each colour.
func fromCMYK(d, s []uint8) {
	light := 255 - int(s[3])
	for c := range 3 {
		t := int(s[c])*light + 128
		d[c] = uint8(light - ((t>>8)+t)>>8)
	}
}
