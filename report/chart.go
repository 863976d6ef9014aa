package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The size of a chart in units of its view box, which the page scales to its width.
const (
	chartWidth, chartHeight = 560.0, 300.0
	chartLeft, chartRight   = 52.0, 12.0
	chartTop, chartBottom   = 12.0, 40.0
	mainWidth, seedWidth    = 2.2, 1.0
	colours                 = 8 // classes c0 to c7 of the style sheet
	plotWidth               = chartWidth - chartLeft - chartRight
	plotHeight              = chartHeight - chartTop - chartBottom
	overflow                = 1.6 // values above so many times the 95th percentile are drawn at the edge
)

// dashes distinguish the second, third … eight experiments from the first.
var dashes = []string{"", "7 4", "2 3", "9 3 2 3"}

// series is a line of a chart.
type series struct {
	index  int // of its experiment; determines colour and dashes
	name   string
	xs, ys []float64
	thin   bool // one seed of several
}

// chart is the lines of several experiments over the epochs.
type chart struct {
	title  string
	label  string // of the y axis
	share  bool   // y is a share from 0 to at most 1
	level  float64
	series []series
}

// yRange returns the range of the y axis and whether values are above it.
func (c chart) yRange() (low, high float64, leaves bool) {
	var all []float64
	for _, s := range c.series {
		for _, y := range s.ys {
			if finite(y) {
				all = append(all, y)
			}
		}
	}
	if len(all) == 0 {
		return 0, 1, false
	}
	slices.Sort(all)
	top := all[len(all)-1]
	if c.share {
		return 0, min(1, niceAbove(max(top, c.level)*1.05)), false
	}
	if limit := overflow * all[len(all)*95/100]; top > limit {
		top, leaves = limit, true
	}
	low = all[0]
	room := max(1e-9, top-low) * 0.06
	low = max(0, low-room)
	if low < 0.35*top {
		low = 0
	}
	return low, top + room, leaves
}

// niceAbove is the next tenth, or twentieth of small values, above v.
func niceAbove(v float64) float64 {
	step := 0.1
	if v < 0.3 {
		step = 0.05
	}
	return math.Ceil(v/step-1e-9) * step
}

// finite reports whether a value can be drawn.
func finite(v float64) bool { return math.Abs(v) < 1e30 }

// frame places values of a chart in its view box.
type frame struct{ first, last, low, high float64 }

func (f frame) x(v float64) float64 {
	return chartLeft + (v-f.first)/(f.last-f.first)*plotWidth
}

// y places values above the range at its edge.
func (f frame) y(v float64) float64 {
	return max(chartTop-1, chartTop+(f.high-v)/(f.high-f.low)*plotHeight)
}

// svg draws the chart; "" if it has no values.
func (c chart) svg() template.HTML {
	f := frame{first: 1, last: 1}
	some := false
	for _, s := range c.series {
		for i, x := range s.xs {
			f.last, some = max(f.last, x), some || finite(s.ys[i])
		}
	}
	if !some {
		return ""
	}
	if f.last <= f.first {
		f.first = 0
	}
	var leaves bool
	f.low, f.high, leaves = c.yRange()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, escape(c.title+" over the epochs"))
	c.axes(&b, f)
	for _, s := range slices.Backward(c.series) { // the best on top
		c.line(&b, s, f)
	}
	if leaves {
		fmt.Fprintf(&b, `<text class="tick" x="%g" y="%g" text-anchor="end">values above %.3g are drawn at the edge</text>`,
			chartWidth-chartRight, chartTop+10, f.high)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// axes draws the grid, the numbers and the level of chance.
func (c chart) axes(b *strings.Builder, f frame) {
	const right = chartWidth - chartRight
	for _, t := range ticks(f.low, f.high, 5) {
		text := strconv.FormatFloat(t, 'g', 4, 64)
		if c.share {
			text = strconv.FormatFloat(100*t, 'g', 3, 64) + " %"
		}
		fmt.Fprintf(b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, right, f.y(t), f.y(t), chartLeft-6, f.y(t)+4, text)
	}
	for _, t := range ticks(f.first, f.last, 8) {
		if t == math.Trunc(t) {
			fmt.Fprintf(b, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%g</text>`, f.x(t), chartHeight-chartBottom+17, t)
		}
	}
	fmt.Fprintf(b, `<text class="axis" x="%g" y="%g" text-anchor="middle">epoch</text>`, chartLeft+plotWidth/2, chartHeight-6)
	if c.level > f.low && c.level < f.high {
		y := f.y(c.level)
		fmt.Fprintf(b, `<line class="level" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, chartLeft, right, y, y)
		fmt.Fprintf(b, `<text class="tick" x="%g" y="%.1f" text-anchor="end">chance %s</text>`, right, y+13, percent(c.level))
	}
}

// line draws a series, with gaps where its values are not finite.
func (c chart) line(b *strings.Builder, s series, f frame) {
	width, class := mainWidth, fmt.Sprintf("s c%d", s.index%colours)
	if s.thin {
		width, class = seedWidth, class+" thin"
	}
	var d strings.Builder
	pen := false
	values := 0
	for i, v := range s.ys {
		if !finite(v) {
			pen = false
			continue
		}
		verb := "M"
		if pen {
			verb = "L"
		}
		fmt.Fprintf(&d, "%s%.1f %.1f", verb, f.x(s.xs[i]), f.y(v))
		pen = true
		values++
	}
	if values == 0 {
		return
	}
	fmt.Fprintf(b, `<path class="%s" d="%s" stroke-width="%g" stroke-dasharray="%s"><title>%s</title></path>`,
		class, d.String(), width, dashes[s.index/colours%len(dashes)], escape(s.name))
	if values == 1 { // a line of one point shows nothing
		for i, v := range s.ys {
			if finite(v) {
				fmt.Fprintf(b, `<circle class="f c%d" cx="%.1f" cy="%.1f" r="3.5"><title>%s</title></circle>`,
					s.index%colours, f.x(s.xs[i]), f.y(v), escape(s.name))
			}
		}
	}
}

// ticks are round values within a range, about n of them.
func ticks(low, high float64, n int) (list []float64) {
	if !(high > low) {
		return nil
	}
	raw := (high - low) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := power
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * power; step >= raw {
			break
		}
	}
	for i := math.Ceil(low/step-1e-9) + 0; i*step <= high+1e-9*step; i++ {
		list = append(list, i*step)
	}
	return list
}

func escape(s string) string { return template.HTMLEscapeString(s) }

// cut shortens a name in its middle to most characters.
func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2+1:])
}
