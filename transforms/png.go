package transforms

import (
	"bytes"
	"image"
	"image/png"
)

// decodePNG decodes a PNG as Pillow does. Grey levels of 16 bits are not scaled
// but cut to 255, as its convert("RGB") of mode I;16 does.
func decodePNG(data []byte) (*RGB, error) {
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	clip := func(d, s []uint8) {
		v := s[1]
		if s[0] > 0 {
			v = 255
		}
		d[0], d[1], d[2] = v, v, v
	}
	const greyOnly = 0 // the colour type
	switch m := m.(type) {
	case *image.Gray16:
		return fromBytes(m.Rect.Dx(), m.Rect.Dy(), m.Pix, m.Stride, 2, clip), nil
	case *image.NRGBA64: // a grey level may be transparent
		if data[25] == greyOnly {
			return fromBytes(m.Rect.Dx(), m.Rect.Dy(), m.Pix, m.Stride, 8, clip), nil
		}
	}
	return FromImage(m), nil
}
