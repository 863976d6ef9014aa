package viz

import (
	"image/color"
	"image/draw"
	"slices"

	"github.com/euryale-ml/euryale/metrics"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes of a figure in pixels.
const (
	figureWidth  = 1200
	figureMargin = 28
	panelGap     = 36
	panelHeight  = 340
	panelColumns = 2
	swatchWidth  = 26
)

// figure is a picture of panels in rows below a title. Its canvas has 72 dots an inch,
// so that vg's unit of length is a pixel. On the canvas y grows upwards, elsewhere in
// this package downwards.
type figure struct {
	canvas *vgimg.Canvas
	img    draw.Image
	height int
	y      int // the top of the free area
}

// newFigure returns a figure with its title, and room below for panels and, between
// both, for extra pixels.
func newFigure(title, subtitle string, panels, extra int) *figure {
	big, plain := newWriter(nil, 24, true), newWriter(nil, 15, false)
	defer big.Close()
	defer plain.Close()
	head := figureMargin + big.height + 4 + plain.height + 22
	rows := (panels + panelColumns - 1) / panelColumns
	f := &figure{height: head + extra + rows*panelHeight + (rows-1)*panelGap + figureMargin, y: head}
	f.canvas = vgimg.NewWith(vgimg.UseWH(figureWidth, vg.Length(f.height)), vgimg.UseDPI(72))
	f.img = f.canvas.Image()
	big.dst, plain.dst = f.img, f.img
	width := figureWidth - 2*figureMargin
	big.at(figureMargin, figureMargin, big.fit(title, width), ink)
	plain.at(figureMargin, figureMargin+big.height+4, plain.fit(subtitle, width), subtle)
	return f
}

// area is the part of the canvas from (x, y), width by height.
func (f *figure) area(x, y, width, height int) vgdraw.Canvas {
	return vgdraw.Canvas{Canvas: f.canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: vg.Length(x), Y: vg.Length(f.height - y - height)},
		Max: vg.Point{X: vg.Length(x + width), Y: vg.Length(f.height - y)},
	}}
}

// panels draws the panels in rows from f.y on.
func (f *figure) panels(panels []panel) {
	width := (figureWidth - 2*figureMargin - (panelColumns-1)*panelGap) / panelColumns
	for i, p := range panels {
		x := figureMargin + i%panelColumns*(width+panelGap)
		f.panel(p, x, f.y+i/panelColumns*(panelHeight+panelGap), width)
	}
}

// panel draws p with its title and legend at (x, y).
func (f *figure) panel(p panel, x, y, width int) {
	bold, plain := newWriter(f.img, 17, true), newWriter(f.img, 14, false)
	defer bold.Close()
	defer plain.Close()
	bold.at(x, y, bold.fit(p.title, width), ink)
	top := y + bold.height + 2
	at := x
	for _, c := range p.curves {
		if c.name == "" {
			continue
		}
		f.swatch(c, at, top+plain.height/2)
		name := plain.fit(c.name, x+width-at-swatchWidth-6)
		plain.at(at+swatchWidth+6, top, name, ink)
		at += swatchWidth + 6 + plain.width(name) + 18
	}
	if at > x {
		top += plain.height
	}
	top += 10
	height := y + panelHeight - top
	p.plot().Draw(f.area(x, top, width, height))
	if !p.shows() {
		plain.centred(x+width/2, top+height/2-plain.height, "no finite values", subtle)
	}
}

// shows reports whether a curve has a value.
func (p panel) shows() bool {
	for _, c := range p.curves {
		if slices.ContainsFunc(c.ys, metrics.Finite) && !c.level {
			return true
		}
	}
	return false
}

// swatch draws a short piece of the curve for the legend, from x on, around y.
func (f *figure) swatch(c curve, x, y int) {
	area := f.area(x, y-8, swatchWidth, 16)
	middle := area.Center()
	if c.width > 0 {
		area.StrokeLine2(c.style(), area.Min.X, middle.Y, area.Max.X, middle.Y)
	}
	if c.radius > 0 {
		dot(area, middle, c, vgdraw.CircleGlyph{})
	}
}

// line writes a row of a table: words at the given x of their columns.
func (f *figure) line(w *writer, columns []int, words []string, c color.Color) {
	for i, word := range words {
		end := figureWidth - figureMargin
		if i+1 < len(columns) {
			end = columns[i+1] - 12
		}
		w.at(columns[i], f.y, w.fit(word, end-columns[i]), c)
	}
}
