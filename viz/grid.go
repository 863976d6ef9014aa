package viz

import (
	"image"
	"image/color"
	"math"
	"strings"

	xdraw "golang.org/x/image/draw"
)

// Tile is an image of a Grid with its caption.
type Tile struct {
	Image   image.Image
	Caption string      // of one line or several
	Colour  color.Color // of the caption's first line; nil: dark grey
}

// GridOptions are the layout of a Grid. The zero value is ready to use.
type GridOptions struct {
	Title    string
	Subtitle string
	// Columns is the number of tiles in a row; 0: about as many as rows, at most 8.
	Columns int
	// Side is the length of a tile in pixels; 0: 168. Images keep their aspect ratio.
	// Those of less than a third of it are enlarged by an integer factor.
	Side int
}

const (
	gridMargin = 28
	gridGap    = 14
)

// Grid draws images with captions in rows, from left to right.
func Grid(tiles []Tile, o GridOptions) *image.RGBA {
	title, plain, caption := newWriter(nil, 24, true), newWriter(nil, 15, false), newWriter(nil, 13, false)
	for _, w := range []*writer{title, plain, caption} {
		defer w.Close()
	}
	side, columns, lines := o.layout(tiles)
	rows := max(1, (len(tiles)+columns-1)/columns)
	rowHeight := side + 4 + lines*caption.height
	top := gridMargin
	if o.Title != "" {
		top += title.height + 4
	}
	if o.Subtitle != "" {
		top += plain.height + 4
	}
	if top > gridMargin {
		top += gridGap
	}
	width := max(columns*side+(columns-1)*gridGap, min(max(title.width(o.Title), plain.width(o.Subtitle)), 1100))
	dst := image.NewRGBA(image.Rect(0, 0, width+2*gridMargin, top+rows*rowHeight+(rows-1)*gridGap+gridMargin))
	fill(dst, dst.Rect, paper)
	title.dst, plain.dst, caption.dst = dst, dst, dst

	y := gridMargin
	if o.Title != "" {
		title.at(gridMargin, y, title.fit(o.Title, width), ink)
		y += title.height + 4
	}
	plain.at(gridMargin, y, plain.fit(o.Subtitle, width), subtle)
	for i, t := range tiles {
		x, y := gridMargin+(i%columns)*(side+gridGap), top+(i/columns)*(rowHeight+gridGap)
		if t.Image != nil { // else the tile stays empty
			place(dst, image.Rect(x, y, x+side, y+side), t.Image)
		}
		c := t.Colour
		if c == nil {
			c = ink
		}
		for j, line := range strings.Split(t.Caption, "\n") {
			caption.centred(x+side/2, y+side+4+j*caption.height, caption.fit(line, side+gridGap/2), c)
			c = subtle
		}
	}
	return dst
}

// layout is the side of a tile, the tiles in a row, and the lines of a caption.
func (o GridOptions) layout(tiles []Tile) (side, columns, lines int) {
	side, columns, lines = o.Side, o.Columns, 1
	if side <= 0 {
		side = 168
	}
	if columns <= 0 {
		columns = min(8, int(math.Ceil(math.Sqrt(float64(len(tiles))*1.6))))
	}
	for _, t := range tiles {
		lines = max(lines, 1+strings.Count(t.Caption, "\n"))
	}
	return side, max(1, min(columns, len(tiles))), lines
}

// place draws img in the middle of r, keeping its aspect ratio.
func place(dst *image.RGBA, r image.Rectangle, img image.Image) {
	fill(dst, r, color.NRGBA{242, 244, 246, 255})
	if !hasPixels(img) {
		return
	}
	b := img.Bounds()
	scale := min(float64(r.Dx())/float64(b.Dx()), float64(r.Dy())/float64(b.Dy()))
	var s xdraw.Scaler = xdraw.CatmullRom
	if scale >= 3 { // show the pixels that the network sees
		s, scale = xdraw.NearestNeighbor, math.Floor(scale)
	}
	w, h := max(1, int(math.Round(float64(b.Dx())*scale))), max(1, int(math.Round(float64(b.Dy())*scale)))
	in := image.Rect(0, 0, w, h).Add(r.Min).Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2))
	s.Scale(dst, in, img, b, xdraw.Over, nil)
}
