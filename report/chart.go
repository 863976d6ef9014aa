package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The size of a chart in units of its view box, which the page scales to its width.
const (
	chartWidth, chartHeight      = 560.0, 300.0
	chartLeft, chartRight        = 52.0, 12.0
	chartTop, chartBottom        = 12.0, 40.0
	mainWidth, seedWidth         = 2.2, 1.0
	colours                      = 8 // classes c0 to c7 of the style sheet
	plotWidth                    = chartWidth - chartLeft - chartRight
	plotHeight                   = chartHeight - chartTop - chartBottom
	overflow                     = 1.6 // values above so many times the 95th of 100 leave the picture
	dotRow, dotRight, dotPadding = 26.0, 84.0, 30.0
	nameLetter, mostLetters      = 7.4, 46 // width of a letter of a name, and how many are shown
)

// dashes tell the second, third … eight colours from the first.
var dashes = []string{"", "7 4", "2 3", "9 3 2 3"}

// series is a line of a chart.
type series struct {
	index  int // of its experiment: colour and dashes
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

// yRange is the range of the y axis and whether values leave it.
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

// svg draws the chart; "" if it has no values.
func (c chart) svg() template.HTML {
	last := 1.0
	some := false
	for _, s := range c.series {
		for i, x := range s.xs {
			last, some = max(last, x), some || finite(s.ys[i])
		}
	}
	if !some {
		return ""
	}
	low, high, leaves := c.yRange()
	first := 1.0
	if last <= 1 {
		first = 0
	}
	x := func(v float64) float64 { return chartLeft + (v-first)/(last-first)*plotWidth }
	y := func(v float64) float64 { return chartTop + (high-v)/(high-low)*plotHeight }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, escape(c.title+" over the epochs"))
	for _, t := range ticks(low, high, 5) {
		text := strconv.FormatFloat(t, 'g', 4, 64)
		if c.share {
			text = strconv.FormatFloat(100*t, 'g', 3, 64) + " %"
		}
		fmt.Fprintf(&b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, chartWidth-chartRight, y(t), y(t), chartLeft-6, y(t)+4, text)
	}
	for _, t := range ticks(first, last, 8) {
		if t == math.Trunc(t) {
			fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%g</text>`, x(t), chartHeight-chartBottom+17, t)
		}
	}
	fmt.Fprintf(&b, `<text class="axis" x="%g" y="%g" text-anchor="middle">epoch</text>`, chartLeft+plotWidth/2, chartHeight-6)
	if c.level > low && c.level < high {
		fmt.Fprintf(&b, `<line class="level" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">chance %s</text>`,
			chartLeft, chartWidth-chartRight, y(c.level), y(c.level), chartWidth-chartRight, y(c.level)+13, percent(c.level))
	}
	for _, s := range slices.Backward(c.series) { // the best on top
		c.line(&b, s, x, func(v float64) float64 { return max(chartTop-1, y(v)) })
	}
	if leaves {
		fmt.Fprintf(&b, `<text class="tick" x="%g" y="%g" text-anchor="end">values above %.3g are drawn at the edge</text>`, chartWidth-chartRight, chartTop+10, high)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// line draws a series, with gaps where its values are not finite.
func (c chart) line(b *strings.Builder, s series, x, y func(float64) float64) {
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
		fmt.Fprintf(&d, "%s%.1f %.1f", verb, x(s.xs[i]), y(v))
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
					s.index%colours, x(s.xs[i]), y(v), escape(s.name))
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

// dots draws the accuracy of each experiment as a dot with a bar of one standard deviation
// to each side, and its seeds as small ones.
func (r *Report) dots(list []*Experiment, chance float64) template.HTML {
	if len(list) == 0 {
		return ""
	}
	const width = 2 * chartWidth
	letters := 8
	for _, e := range list {
		letters = max(letters, min(mostLetters, utf8.RuneCountInString(e.Name)))
	}
	dotLeft := 20 + nameLetter*float64(letters)
	top := chance
	for _, e := range list {
		top = max(top, e.Best.Mean+r.spread(e), slices.Max(e.Best.Values))
	}
	high := min(1, niceAbove(top*1.02))
	x := func(v float64) float64 { return dotLeft + min(v, high)/high*(width-dotLeft-dotRight) }
	height := dotRow*float64(len(list)) + dotPadding + 12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="Best test accuracy of each experiment">`, width, height)
	for _, t := range ticks(0, high, 8) {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="4" y2="%g"/><text class="tick" x="%.1f" y="%g" text-anchor="middle">%.3g %%</text>`,
			x(t), x(t), height-dotPadding, x(t), height-12, 100*t)
	}
	if chance > 0 {
		fmt.Fprintf(&b, `<line class="level" x1="%.1f" x2="%.1f" y1="4" y2="%g"/><text class="tick" x="%.1f" y="%g" text-anchor="start">chance</text>`,
			x(chance), x(chance), height-dotPadding+4, x(chance)+4, height-dotPadding-2)
	}
	for i, e := range list {
		y := 4 + dotRow*(float64(i)+0.5)
		sd := r.spread(e)
		fmt.Fprintf(&b, `<text class="name" x="%g" y="%.1f" text-anchor="end">%s</text>`, dotLeft-12, y+4, escape(cut(e.Name, mostLetters)))
		fmt.Fprintf(&b, `<line class="s c%d" stroke-width="2" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`,
			e.Index%colours, x(max(0, e.Best.Mean-sd)), x(e.Best.Mean+sd), y, y)
		for _, v := range e.Best.Values {
			fmt.Fprintf(&b, `<circle class="o c%d" cx="%.1f" cy="%.1f" r="3"/>`, e.Index%colours, x(v), y)
		}
		fmt.Fprintf(&b, `<circle class="f c%d" cx="%.1f" cy="%.1f" r="5.5"><title>%s</title></circle><text class="name" x="%.1f" y="%.1f">%s</text>`,
			e.Index%colours, x(e.Best.Mean), y, escape(e.Name+": "+e.Best.shares()),
			x(max(e.Best.Mean+sd, slices.Max(e.Best.Values)))+10, y+4, percent(e.Best.Mean))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// spread is one standard deviation of an experiment's accuracy.
func (r *Report) spread(e *Experiment) float64 {
	seed := e.Best.SD
	if e.Best.N < 2 {
		seed = r.usual[e.Set]
	}
	return max(seed, math.Sqrt(binomial(e.Best.Mean, e.images())))
}

// cut shortens a long name in its middle.
func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most/2]) + "…" + string(runes[len(runes)-most/2+1:])
}
