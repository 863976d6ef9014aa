package transforms

// turned reports whether the orientation swaps rows and columns.
func (t *tiffFile) turned() bool {
	o := t.number(tagOrientation, 1)
	return o >= 5 && o <= 8
}

// turn rotates or mirrors a page by its orientation, as Pillow does for TIFF only.
func (t *tiffFile) turn(img *RGB) *RGB {
	o := t.number(tagOrientation, 1)
	if o < 2 || o > 8 {
		return img
	}
	out := NewRGB(img.W, img.H)
	if t.turned() {
		out = NewRGB(img.H, img.W)
	}
	for y := range out.H {
		for x := range out.W {
			sx, sy := x, y
			if t.turned() {
				sx, sy = y, x
			}
			if o == 2 || o == 3 || o == 7 || o == 8 {
				sx = img.W - 1 - sx
			}
			if o == 3 || o == 4 || o == 6 || o == 7 {
				sy = img.H - 1 - sy
			}
			copy(out.row(y)[3*x:3*x+3], img.row(sy)[3*sx:])
		}
	}
	return out
}
