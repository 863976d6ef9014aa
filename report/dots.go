package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Sizes of the figure of accuracies.
const (
	dotsWidth           = 2 * chartWidth
	dotRow              = 26.0
	dotRight, dotBottom = 84.0, 30.0
	nameLetter          = 7.4 // width of a letter of a name
	mostLetters         = 46  // of a name that are shown
)

// dots draws the accuracy of each experiment as a dot with a bar of one standard deviation
// to each side, and its seeds as small ones.
func (r *Report) dots(list []*Experiment, chance float64) template.HTML {
	if len(list) == 0 {
		return ""
	}
	top, letters := chance, 8
	for _, e := range list {
		top = max(top, e.Best.Mean+r.spread(e), slices.Max(e.Best.Values))
		letters = max(letters, min(mostLetters, utf8.RuneCountInString(e.Name)))
	}
	left := 20 + nameLetter*float64(letters)
	high := min(1, niceAbove(top*1.02))
	x := func(v float64) float64 { return left + max(0, min(v, high))/high*(dotsWidth-left-dotRight) }
	height := dotRow*float64(len(list)) + dotBottom + 12
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="Best test accuracy of each experiment">`, dotsWidth, height)
	for _, t := range ticks(0, high, 8) {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="4" y2="%g"/><text class="tick" x="%.1f" y="%g" text-anchor="middle">%.3g %%</text>`,
			x(t), x(t), height-dotBottom, x(t), height-12, 100*t)
	}
	if chance > 0 {
		fmt.Fprintf(&b, `<line class="level" x1="%.1f" x2="%.1f" y1="4" y2="%g"/><text class="tick" x="%.1f" y="%g">chance</text>`,
			x(chance), x(chance), height-dotBottom+4, x(chance)+4, height-dotBottom-2)
	}
	for i, e := range list {
		r.dot(&b, e, x, left, 4+dotRow*(float64(i)+0.5))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

// dot draws the row of an experiment.
func (r *Report) dot(b *strings.Builder, e *Experiment, x func(float64) float64, left, y float64) {
	sd, colour := r.spread(e), e.Index%colours
	end := max(e.Best.Mean+sd, slices.Max(e.Best.Values))
	fmt.Fprintf(b, `<text class="name" x="%g" y="%.1f" text-anchor="end">%s</text>`, left-12, y+4, escape(cut(e.Name, mostLetters)))
	fmt.Fprintf(b, `<line class="s c%d" stroke-width="2" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, colour, x(e.Best.Mean-sd), x(e.Best.Mean+sd), y, y)
	if e.Best.N > 1 {
		for _, v := range e.Best.Values {
			fmt.Fprintf(b, `<circle class="o c%d" cx="%.1f" cy="%.1f" r="3"/>`, colour, x(v), y)
		}
	}
	fmt.Fprintf(b, `<circle class="f c%d" cx="%.1f" cy="%.1f" r="5.5"><title>%s</title></circle><text class="name" x="%.1f" y="%.1f">%s</text>`,
		colour, x(e.Best.Mean), y, escape(e.Name+": "+e.Best.shares()), x(end)+10, y+4, percent(e.Best.Mean))
}

// spread is one standard deviation of an experiment's accuracy.
func (r *Report) spread(e *Experiment) float64 {
	seed := e.Best.SD
	if e.Best.N < 2 {
		seed = r.usual[e.Set]
	}
	return max(seed, math.Sqrt(binomial(e.Best.Mean, e.images())))
}
