package transforms

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
)

// adobePlain is the segment APP14 that marks four components as inks, untransformed.
const adobePlain = "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"

// readJPEG decodes a strip or tile that is a JPEG stream, whose tables may be
// common to all.
func (t *tiffFile) readJPEG(out *RGB, i, x, y int) error {
	stream := t.raw(i)
	if !bytes.HasPrefix(stream, []byte{0xff, markerSOI}) {
		return errors.New("it is no JPEG stream")
	}
	if tables := t.tags[tagJPEGTables].raw; len(tables) > 4 {
		stream = append(append([]byte{}, tables[:len(tables)-2]...), stream[2:]...) // without EOI, without SOI
	}
	if t.samples == 4 { // Go needs it to decode four components
		stream = append(append([]byte{0xff, 0xd8}, adobePlain...), stream[2:]...)
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(stream))
	if err != nil {
		return err
	}
	if c.Width > t.tileW || c.Height > t.tileH || c.Width > MaxPixels/c.Height || c.Width*c.Height/maxJPEGRate > len(stream)+1024 {
		return fmt.Errorf("a JPEG of %d×%d pixels", c.Width, c.Height)
	}
	m, err := jpeg.Decode(bytes.NewReader(stream))
	if err != nil {
		return err
	}
	part, err := t.fromJPEG(m)
	if err != nil {
		return err
	}
	if n := min(t.tileW, t.w-x); part.W < n || part.H < min(t.tileH, t.h-y) {
		return fmt.Errorf("a JPEG of %d×%d pixels", part.W, part.H)
	}
	for k := range min(t.tileH, t.h-y) {
		copy(out.row(y + k)[3*x:], part.row(k)[:3*min(t.tileW, t.w-x)])
	}
	return nil
}

// fromJPEG converts the image that Go decoded. The TIFF names its colour space, which
// replaces the one that Go assumes for a JPEG file.
func (t *tiffFile) fromJPEG(m image.Image) (*RGB, error) {
	switch m := m.(type) {
	case *image.Gray:
		if t.samples == 1 && t.photometric == 1 {
			return FromImage(m), nil
		}
	case *image.YCbCr:
		if t.samples == 3 && t.photometric == 6 {
			return fromYCbCr(m), nil
		}
		if t.samples == 3 && m.SubsampleRatio == image.YCbCrSubsampleRatio444 { // the planes are red, green and blue
			return upsample(m, func(dst, r, g, b []uint8) {
				for x := range r {
					dst[3*x], dst[3*x+1], dst[3*x+2] = r[x], g[x], b[x]
				}
			}), nil
		}
	case *image.RGBA: // Go found it to be RGB by itself
		if t.samples == 3 {
			return FromImage(m), nil
		}
	case *image.CMYK: // Go takes the samples for inverted inks
		for i, v := range m.Pix {
			m.Pix[i] = 255 - v
		}
		if t.photometric == 5 {
			return FromImage(m), nil
		}
		if t.photometric == 2 {
			return fromBytes(m.Rect.Dx(), m.Rect.Dy(), m.Pix, m.Stride, 4, func(d, s []uint8) { copy(d, s[:3]) }), nil
		}
	}
	return nil, fmt.Errorf("JPEG compression of %s in %d samples is not supported", named(tiffColours, t.photometric), t.samples)
}
