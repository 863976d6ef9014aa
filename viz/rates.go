package viz

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/metrics"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// RateCurve is the input of Rates: the losses of a sweep over learning rates.
type RateCurve struct {
	Title string // such as the recipe's name; it may be empty
	// Rates grow; Losses are those of each step, Smoothed their running mean. All have the
	// same length, at least 2.
	Rates, Losses, Smoothed []float64
	// Steepest is the suggested rate, at the steepest fall of the loss, and Tenth a
	// cautious one, a tenth of that with the lowest loss; 0: none.
	Steepest, Tenth float64
}

// Size of the picture of Rates in pixels.
const (
	ratesWidth  = 1000
	ratesHeight = 620
)

// Rates writes the curve of loss over learning rate, with the suggested rates marked, as
// an SVG if path ends in .svg and else as a PNG. Fewer than two points, rates that are not
// positive or lists of different lengths are errors, and then nothing is written.
func Rates(path string, c RateCurve) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("viz: %s: %w", path, err)
	}
	if !isSVG(path) {
		canvas := vgimg.NewWith(vgimg.UseWH(ratesWidth, ratesHeight), vgimg.UseDPI(72))
		c.draw(vgdraw.New(canvas))
		return WritePNG(path, canvas.Image())
	}
	canvas := vgsvg.New(ratesWidth, ratesHeight)
	c.draw(vgdraw.New(canvas))
	return writeSVG(path, canvas)
}

func (c RateCurve) check() error {
	n := len(c.Rates)
	if len(c.Losses) != n || len(c.Smoothed) != n {
		return fmt.Errorf("%w: %d rates, %d losses, %d smoothed ones", ErrMismatch, n, len(c.Losses), len(c.Smoothed))
	}
	if n < 2 {
		return fmt.Errorf("%w: a curve of %d points", ErrEmpty, n)
	}
	for _, r := range c.Rates {
		if !(r > 0) || math.IsInf(r, 1) {
			return fmt.Errorf("%w: a learning rate of %v", ErrMismatch, r)
		}
	}
	for i := range n {
		if !metrics.Finite(c.Losses[i]) || !metrics.Finite(c.Smoothed[i]) {
			return fmt.Errorf("%w: the loss of step %d is not finite", ErrMismatch, i+1)
		}
	}
	if !(c.Rates[n-1] > c.Rates[0]) {
		return fmt.Errorf("%w: the rates go from %g to %g", ErrMismatch, c.Rates[0], c.Rates[n-1])
	}
	return nil
}

// draw draws the picture on a canvas.
func (c RateCurve) draw(area vgdraw.Canvas) {
	const margin, head = 28, 108
	area.SetColor(paper)
	area.Fill(area.Rectangle.Path())
	write := func(x, top float64, s string, size float64, bold bool, colour color.Color) vg.Length {
		style := vgdraw.TextStyle{Color: colour, Font: plotFont(size, bold), Handler: plotText(), YAlign: vgdraw.YTop}
		area.FillText(style, vg.Point{X: vg.Length(x), Y: vg.Length(ratesHeight - top)}, s)
		return style.Width(s)
	}
	write(margin, margin, "Loss over the learning rate", 24, true, ink)
	write(margin, margin+34, c.subtitle(), 15, false, subtle)
	p := c.panel()
	at := float64(margin)
	for _, k := range p.curves {
		y := vg.Length(ratesHeight - margin - 72)
		area.StrokeLine2(k.style(), vg.Length(at), y, vg.Length(at+swatchWidth), y)
		at += swatchWidth + 6 + 18 + float64(write(at+swatchWidth+6, margin+64, k.name, 14, false, ink))
	}
	p.plot().Draw(vgdraw.Canvas{Canvas: area.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: margin, Y: margin}, Max: vg.Point{X: ratesWidth - margin, Y: ratesHeight - margin - head + 20},
	}})
}

func (c RateCurve) subtitle() string {
	s := fmt.Sprintf("%d steps from %s to %s", len(c.Rates), shortRate(c.Rates[0]), shortRate(c.Rates[len(c.Rates)-1]))
	if c.Steepest == 0 {
		s += "; the loss never fell"
	}
	if c.Title != "" {
		s = c.Title + " · " + s
	}
	return s
}

// panel is the diagram, over the decimal logarithm of the rate.
func (c RateCurve) panel() panel {
	xs := make([]float64, len(c.Rates))
	for i, r := range c.Rates {
		xs[i] = math.Log10(r)
	}
	lo, hi := c.lossRange()
	format := func(v, _ float64) string { return shortRate(math.Pow(10, v)) }
	p := panel{
		x: axis{label: "learning rate", min: xs[0], max: xs[len(xs)-1], format: format},
		y: axis{label: "training loss", min: lo, max: hi},
		curves: []curve{
			{name: "each step", xs: xs, ys: c.Losses, colour: faded(blue, 0.35), width: 1.2},
			{name: "smoothed", xs: xs, ys: c.Smoothed, colour: blue, width: 2.5},
		},
	}
	for _, m := range []struct {
		rate   float64
		name   string
		colour color.NRGBA
	}{{c.Steepest, "steepest fall", orange}, {c.Tenth, "a tenth of the lowest", green}} {
		if m.rate > 0 {
			x := max(xs[0], min(math.Log10(m.rate), xs[len(xs)-1]))
			p.curves = append(p.curves, curve{
				name: m.name + ": " + shortRate(m.rate), xs: []float64{x, x}, ys: []float64{lo, hi}, colour: m.colour, width: 2, dashes: []vg.Length{6, 4}, level: true,
			})
		}
	}
	return p
}

// lossRange returns the range that shows the fall of the loss; where the loss diverges,
// the curve is clipped.
func (c RateCurve) lossRange() (lo, hi float64) {
	low := 0
	for i, l := range c.Smoothed {
		if l < c.Smoothed[low] {
			low = i
		}
	}
	bottom, top := min(c.Smoothed[low], slices.Min(c.Losses[:low+1])), slices.Max(c.Smoothed[:low+1])
	room := max(top-bottom, 0.1*math.Abs(top), 1e-6)
	return bottom - 0.1*room, top + 0.6*room
}

// shortRate formats a rate with three digits: 0.01, 3.2e-5.
func shortRate(r float64) string {
	s := strconv.FormatFloat(r, 'g', 3, 64)
	return strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e").Replace(s)
}
