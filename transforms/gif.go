package transforms

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
)

// gifHeader is the header of a GIF and of its first frame.
type gifHeader struct {
	w, h        int // of the canvas, which is enlarged if the frame leaves it, as Pillow does
	transparent int // index of the frame, −1: none
	palette     []byte
}

// readGIFHeader finds the first frame.
func readGIFHeader(data []byte) (g gifHeader, err error) {
	c, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return g, err
	}
	g = gifHeader{w: c.Width, h: c.Height, transparent: -1}
	at := 13
	if data[10]&0x80 != 0 { // the palette of all frames
		g.palette = data[at:]
		at += 3 << (data[10]&7 + 1)
	}
	for at+9 < len(data) && data[at] == '!' {
		if data[at+1] == 0xf9 && data[at+2] == 4 {
			g.transparent = -1
			if data[at+3]&1 != 0 {
				g.transparent = int(data[at+6])
			}
		}
		for at += 2; at < len(data) && data[at] != 0; at += 1 + int(data[at]) {
		}
		at++
	}
	if at+9 < len(data) && data[at] == ',' {
		number := func(i int) int { return int(binary.LittleEndian.Uint16(data[at+i:])) }
		g.w, g.h = max(g.w, number(1)+number(5)), max(g.h, number(3)+number(7))
		if data[at+9]&0x80 != 0 {
			g.palette = data[at+10:]
		}
	}
	return g, nil
}

func gifSize(data []byte) (w, h int, err error) {
	g, err := readGIFHeader(data)
	return g.w, g.h, err
}

// decodeGIF draws the first frame on the canvas that the file declares.
func decodeGIF(data []byte) (*RGB, error) {
	g, err := readGIFHeader(data)
	if err != nil {
		return nil, err
	}
	if g.w > 65535 || g.h > 65535 {
		return nil, image.ErrFormat
	}
	data = bytes.Clone(data)
	binary.LittleEndian.PutUint16(data[6:], uint16(g.w))
	binary.LittleEndian.PutUint16(data[8:], uint16(g.h))
	m, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if p, ok := m.(*image.Paletted); ok {
		return g.frame(p), nil
	}
	return FromImage(m), nil
}

// frame draws a frame. Around it is the transparent colour, or the first. Go makes
// the transparent index black; Pillow shows its colour.
func (g gifHeader) frame(m *image.Paletted) *RGB {
	out := NewRGB(g.w, g.h)
	colours := rgbPalette(m.Palette)
	if t := g.transparent; t >= 0 && t < len(m.Palette) && 3*t+3 <= len(g.palette) {
		copy(colours[t][:], g.palette[3*t:])
	}
	for i := 0; i < len(out.Pix); i += 3 {
		copy(out.Pix[i:], colours[max(g.transparent, 0)][:])
	}
	for y := max(m.Rect.Min.Y, 0); y < min(m.Rect.Max.Y, out.H); y++ {
		for x := max(m.Rect.Min.X, 0); x < min(m.Rect.Max.X, out.W); x++ {
			copy(out.row(y)[3*x:], colours[m.ColorIndexAt(x, y)][:])
		}
	}
	return out
}
