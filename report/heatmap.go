package report

import (
	"fmt"
	"html/template"
	"strings"
)

// Sizes of a confusion matrix.
const (
	heatLeft, heatTop = 190.0, 150.0
	heatSide          = 760.0 // of all cells together, about
)

// svg draws the confusion matrix: a row for each class that occurs, a column for each
// that occurs or is predicted; "" if there are too many.
func (m *matrix) svg(title string) template.HTML {
	truth, others := m.present()
	columns := append(append([]int{}, truth...), others...)
	if len(truth) == 0 || len(columns) > mostClasses {
		return ""
	}
	cell := max(9, min(44, heatSide/float64(len(columns))))
	at := map[int]int{}
	for i, c := range columns {
		at[c] = i
	}
	width, height := heatLeft+cell*float64(len(columns))+60, heatTop+cell*float64(len(truth))+10
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="heat" viewBox="0 0 %.0f %.0f" style="max-width:%.0fpx" role="img" aria-label="%s">`,
		width, height, width, escape(title))
	fmt.Fprintf(&b, `<text class="axis" x="%g" y="14">taken for ↓</text>`, heatLeft)
	fmt.Fprintf(&b, `<text class="axis" x="%g" y="%g" text-anchor="end">is ↓ &#160; right</text>`, heatLeft-8, heatTop-8)
	font := min(12, cell*0.95)
	for i, c := range columns {
		class := "name"
		if i >= len(truth) {
			class = "tick"
		}
		x := heatLeft + cell*(float64(i)+0.5)
		fmt.Fprintf(&b, `<text class="%s" font-size="%.1f" transform="translate(%.1f %.1f) rotate(-50)">%s</text>`, class, font,
			x, heatTop-6, escape(cut(m.classes[c], 24)))
	}
	for i, t := range truth {
		m.row(&b, t, columns, heatTop+cell*float64(i), cell, font)
	}
	fmt.Fprintf(&b, `<rect class="edge" x="%g" y="%g" width="%.1f" height="%.1f"/></svg>`, heatLeft, heatTop,
		cell*float64(len(columns)), cell*float64(len(truth)))
	return template.HTML(b.String())
}

// row draws the cells of one true class; empty ones are left out.
func (m *matrix) row(b *strings.Builder, truth int, columns []int, y, cell, font float64) {
	middle := y + cell/2 + font*0.35
	fmt.Fprintf(b, `<text class="name" font-size="%.1f" x="%g" y="%.1f" text-anchor="end">%s &#160; %.0f %%</text>`,
		font, heatLeft-8, middle, escape(cut(m.classes[truth], 22)), 100*m.recall(truth))
	for i, p := range columns {
		n := m.counts[truth][p]
		if n == 0 {
			continue
		}
		share := float64(n) / float64(m.seen[truth])
		class, what := "wrong", "taken for "+m.classes[p]
		if p == truth {
			class, what = "right", "right"
		}
		x := heatLeft + cell*float64(i)
		fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill-opacity="%.2f"><title>%s: %d of %d %s</title></rect>`,
			class, x, y, cell, cell, max(0.05, min(1, share*1.15)), escape(m.classes[truth]), n, m.seen[truth], escape(what))
		if cell >= 20 {
			dark := ""
			if share > 0.45 {
				dark = " on"
			}
			fmt.Fprintf(b, `<text class="count%s" font-size="%.1f" x="%.1f" y="%.1f" text-anchor="middle">%d</text>`,
				dark, min(12, cell*0.42), x+cell/2, middle, n)
		}
	}
}
