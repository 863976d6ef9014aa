package transforms

import (
	"image"
	"image/color"
)

// RGB is an 8-bit image: packed rows of red, green, blue, W·3 bytes a row.
// It implements image.Image.
type RGB struct {
	W, H int
	Pix  []uint8 // [H, W, 3]
}

var _ image.Image = (*RGB)(nil)

// NewRGB returns a black image of w×h pixels.
func NewRGB(w, h int) *RGB { return &RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)} }

// Clone returns a copy that shares nothing with img.
func (img *RGB) Clone() *RGB {
	return &RGB{W: img.W, H: img.H, Pix: append([]uint8(nil), img.Pix[:3*img.W*img.H]...)}
}

// ColorModel is color.RGBAModel: pixels are opaque.
func (img *RGB) ColorModel() color.Model { return color.RGBAModel }

// Bounds is the rectangle from (0, 0) to (W, H).
func (img *RGB) Bounds() image.Rectangle { return image.Rect(0, 0, img.W, img.H) }

// At returns the pixel at column x of row y, transparent black outside.
func (img *RGB) At(x, y int) color.Color {
	if x < 0 || y < 0 || x >= img.W || y >= img.H {
		return color.RGBA{}
	}
	p := img.Pix[3*(y*img.W+x):]
	return color.RGBA{p[0], p[1], p[2], 255}
}

// row returns the bytes of row y.
func (img *RGB) row(y int) []uint8 { return img.Pix[3*img.W*y : 3*img.W*(y+1)] }
