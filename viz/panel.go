package viz

import (
	"image/color"
	"math"

	"github.com/euryale-ml/euryale/metrics"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is one diagram of a figure, with its legend above it.
type panel struct {
	title  string
	x, y   axis
	curves []curve // later ones are drawn over earlier ones
}

// curve is a line, a row of dots, or both. Values that are not finite are gaps.
type curve struct {
	name   string // in the legend; empty: not listed
	xs, ys []float64
	colour color.NRGBA
	width  float64 // of the line in pixels; 0: none
	dashes []vg.Length
	radius float64 // of the dots in pixels; 0: none
	level  bool    // a level to compare with, not a measured curve
}

// chanceLevel is a horizontal line at the accuracy of guessing.
func chanceLevel(chance float64, x axis) curve {
	return curve{
		xs: []float64{x.min, x.max}, ys: []float64{chance, chance},
		colour: subtle, width: 1.5, dashes: []vg.Length{6, 4}, level: true,
	}
}

func (c curve) style() draw.LineStyle {
	return draw.LineStyle{Color: c.colour, Width: vg.Length(c.width), Dashes: c.dashes}
}

// Plot draws the curve into a panel; it makes curve a plot.Plotter. A dot above
// or below the panel becomes a triangle at its edge.
func (c curve) Plot(area draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&area)
	var points, stretch []vg.Point
	flush := func() {
		if len(stretch) == 1 && c.radius == 0 { // between two gaps
			area.DrawGlyph(draw.GlyphStyle{Color: c.colour, Radius: vg.Length(max(c.width, 1.5)), Shape: draw.CircleGlyph{}}, stretch[0])
		}
		if len(stretch) > 1 && c.width > 0 {
			area.StrokeLines(c.style(), area.ClipLinesXY(stretch)...)
		}
		points, stretch = append(points, stretch...), nil
	}
	for i := range c.xs {
		if !metrics.Finite(c.ys[i]) {
			flush()
			continue
		}
		stretch = append(stretch, vg.Point{X: x(c.xs[i]), Y: y(c.ys[i])})
	}
	flush()
	if c.radius == 0 {
		return
	}
	for _, pt := range points {
		c, shape := c, draw.GlyphDrawer(draw.CircleGlyph{})
		if inside := max(area.Min.Y, min(area.Max.Y, pt.Y)); inside != pt.Y {
			pt.Y, shape = inside, draw.PyramidGlyph{}
			c.radius = max(c.radius, 4)
		}
		dot(area, pt, c, shape)
	}
}

// dot draws a mark of the curve with a white edge that separates it from others.
func dot(area draw.Canvas, pt vg.Point, c curve, shape draw.GlyphDrawer) {
	r := vg.Length(c.radius)
	area.DrawGlyphNoClip(draw.GlyphStyle{Color: paper, Radius: r + 1, Shape: shape}, pt)
	area.DrawGlyphNoClip(draw.GlyphStyle{Color: c.colour, Radius: r, Shape: shape}, pt)
}

// gridLines are the horizontal lines at the ticks of the y axis and the x axis,
// aligned to pixels.
type gridLines struct{}

// Plot makes gridLines a plot.Plotter.
func (gridLines) Plot(area draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&area)
	horizontal := func(at vg.Length, c color.Color) {
		at = vg.Length(math.Floor(float64(at))) + 0.5
		area.StrokeLine2(draw.LineStyle{Color: c, Width: 1}, area.Min.X, at, area.Max.X, at)
	}
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		horizontal(y(t.Value), rule)
	}
	horizontal(area.Min.Y, frame)
}

// plot returns gonum's plot of the panel, without the title and the legend.
func (p panel) plot() *plot.Plot {
	pl := plot.New()
	pl.BackgroundColor = nil
	pl.TextHandler = plotText()
	for _, side := range []struct {
		to   *plot.Axis
		from axis
		n    int
	}{{&pl.X, p.x, 7}, {&pl.Y, p.y, 5}} {
		a := side.to
		a.Min, a.Max = side.from.min, side.from.max
		a.Padding = 0
		a.Width = 0
		a.Label.Text = side.from.label
		a.Label.Padding = 4
		a.Label.TextStyle.Color, a.Label.TextStyle.Font, a.Label.TextStyle.Handler = subtle, plotFont(14, false), plotText()
		a.Tick.Label.Color, a.Tick.Label.Font, a.Tick.Label.Handler = subtle, plotFont(13, false), plotText()
		a.Tick.Width, a.Tick.Length, a.Tick.Color = 1, 4, color.Transparent // room between the axis and its numbers
		a.Tick.Marker = plot.TickerFunc(func(_, _ float64) []plot.Tick { return side.from.ticks(side.n) })
	}
	pl.Add(gridLines{})
	for _, c := range p.curves {
		pl.Add(c)
	}
	return pl
}
