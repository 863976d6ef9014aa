package viz

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	xdraw "golang.org/x/image/draw"
)

// Tile is an image of a Grid with its caption.
type Tile struct {
	Image   image.Image
	Caption string
	Colour  color.Color // of the caption; nil: dark grey
}

// GridOptions lay a Grid out. The zero value is ready to use.
type GridOptions struct {
	Title    string
	Subtitle string
	// Columns is the number of tiles in a row; 0: about as many as rows, at most 8.
	Columns int
	// Side is the length of a tile in pixels; 0: 160. Images keep their ratio
	// of sides. Those much smaller are enlarged by whole pixels.
	Side int
}

const (
	gridMargin = 28
	gridGap    = 14
)

// Grid draws images with captions in rows.
func Grid(tiles []Tile, o GridOptions) *image.RGBA {
	side, columns := o.Side, o.Columns
	if side <= 0 {
		side = 160
	}
	if columns <= 0 {
		columns = min(8, int(math.Ceil(math.Sqrt(float64(len(tiles))*1.6))))
	}
	columns = max(1, min(columns, len(tiles)))
	rows := max(1, (len(tiles)+columns-1)/columns)

	title, plain := newWriter(nil, 24, true), newWriter(nil, 15, false)
	defer title.Close()
	defer plain.Close()
	caption := plain.height + 6
	top := gridMargin
	if o.Title != "" {
		top += title.height + 6
	}
	if o.Subtitle != "" {
		top += plain.height + 4
	}
	if top > gridMargin {
		top += gridGap
	}
	w := 2*gridMargin + columns*side + (columns-1)*gridGap
	w = max(w, 2*gridMargin+min(max(title.width(o.Title), plain.width(o.Subtitle)), 1600))
	h := top + rows*(side+caption) + (rows-1)*gridGap + gridMargin

	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	title.dst, plain.dst = dst, dst
	y := gridMargin
	if o.Title != "" {
		title.at(gridMargin, y, title.fit(o.Title, w-2*gridMargin), ink)
		y += title.height + 6
	}
	if o.Subtitle != "" {
		plain.at(gridMargin, y, plain.fit(o.Subtitle, w-2*gridMargin), subtle)
	}
	for i, t := range tiles {
		x, y := gridMargin+(i%columns)*(side+gridGap), top+(i/columns)*(side+caption+gridGap)
		place(dst, image.Rect(x, y, x+side, y+side), t.Image)
		c := t.Colour
		if c == nil {
			c = ink
		}
		plain.centred(x+side/2, y+side+4, plain.fit(t.Caption, side), c)
	}
	return dst
}

// place draws img into r, keeping its ratio of sides, in the middle.
func place(dst *image.RGBA, r image.Rectangle, img image.Image) {
	draw.Draw(dst, r, image.NewUniform(color.NRGBA{242, 244, 246, 255}), image.Point{}, draw.Src)
	if img == nil || img.Bounds().Empty() {
		return
	}
	b := img.Bounds()
	scale := min(float64(r.Dx())/float64(b.Dx()), float64(r.Dy())/float64(b.Dy()))
	w, h := max(1, int(math.Round(float64(b.Dx())*scale))), max(1, int(math.Round(float64(b.Dy())*scale)))
	in := image.Rect(0, 0, w, h).Add(r.Min).Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2))
	var s xdraw.Scaler = xdraw.CatmullRom
	if scale >= 3 { // show the pixels that the network sees
		s = xdraw.NearestNeighbor
	}
	s.Scale(dst, in, img, b, xdraw.Src, nil)
}
