package viz

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// writer puts text on an image in one font.
type writer struct {
	dst    draw.Image
	face   font.Face
	height int // of a line
	ascent int
}

// newWriter returns a writer in a size of pixels. Close it after use.
func newWriter(dst draw.Image, pixels float64, bold bool) *writer {
	face, err := opentype.NewFace(typefaces()[bold], &opentype.FaceOptions{Size: pixels, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(err) // cannot fail with these options
	}
	m := face.Metrics()
	return &writer{dst, face, m.Height.Ceil(), m.Ascent.Ceil()}
}

func (w *writer) Close() error { return w.face.Close() }

// width is the width of s in pixels.
func (w *writer) width(s string) int { return font.MeasureString(w.face, s).Ceil() }

// at writes s with its top left corner at (x, y).
func (w *writer) at(x, y int, s string, c color.Color) {
	d := font.Drawer{Dst: w.dst, Src: image.NewUniform(c), Face: w.face, Dot: fixed.P(x, y+w.ascent)}
	d.DrawString(s)
}

// centred writes s centred at x.
func (w *writer) centred(x, y int, s string, c color.Color) { w.at(x-w.width(s)/2, y, s, c) }

// upwards writes s rotated by 90° to the left; (x, y) is the top left corner of the
// rotated text.
func (w *writer) upwards(x, y int, s string, c color.Color) {
	flat := image.NewRGBA(image.Rect(0, 0, w.width(s), w.height))
	on := *w
	on.dst = flat
	on.at(0, 0, s, c)
	turned := image.NewRGBA(image.Rect(0, 0, w.height, flat.Rect.Dx()))
	for i := range flat.Rect.Dx() {
		for j := range w.height {
			turned.SetRGBA(j, flat.Rect.Dx()-1-i, flat.RGBAAt(i, j))
		}
	}
	draw.Draw(w.dst, turned.Rect.Add(image.Pt(x, y)), turned, image.Point{}, draw.Over)
}

// fit shortens s, with an ellipsis in the middle, to at most width pixels; both ends of
// a file's name matter.
func (w *writer) fit(s string, width int) string {
	if w.width(s) <= width {
		return s
	}
	r := []rune(s)
	for keep := len(r) - 1; keep > 0; keep-- {
		head := (keep + 1) / 2
		short := string(r[:head]) + "…" + string(r[len(r)-(keep-head):])
		if w.width(short) <= width {
			return short
		}
	}
	return ""
}
