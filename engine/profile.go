package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

type profile struct {
	spent []time.Duration
	runs  int
}

// Profile starts (and restarts) or stops timing every step.
func (p *Program) Profile(on bool) {
	p.profile = nil
	if on {
		p.profile = &profile{spent: make([]time.Duration, len(p.steps)+len(p.plan.copies))}
	}
}

// ProfileReport is the time a run, by kind of step and then by step, the longest first.
func (p *Program) ProfileReport() string {
	if p.profile == nil || p.profile.runs == 0 {
		return ""
	}
	type row struct {
		name  string
		spent time.Duration
		n     int
	}
	var steps []row
	kinds := map[string]*row{}
	var total time.Duration
	for i, d := range p.profile.spent {
		kind, name := "assign", "assign"
		if i < len(p.steps) {
			kind = p.steps[i].Kind.String()
			name = p.steps[i].Path + " " + kind
		}
		if kinds[kind] == nil {
			kinds[kind] = &row{name: kind}
		}
		kinds[kind].spent += d
		kinds[kind].n++
		total += d
		steps = append(steps, row{name, d, 1})
	}
	var byKind []row
	for _, r := range kinds {
		byKind = append(byKind, *r)
	}
	longest := func(a, b row) int { return cmp.Or(cmp.Compare(b.spent, a.spent), cmp.Compare(a.name, b.name)) }
	slices.SortFunc(byKind, longest)
	slices.SortFunc(steps, longest)
	var s strings.Builder
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 / float64(p.profile.runs) }
	fmt.Fprintf(&s, "%s: %.1f ms a run, mean of %d\n", p.spec.Name, ms(total), p.profile.runs)
	for _, r := range byKind {
		fmt.Fprintf(&s, "%10.2f ms %5.1f %%  %4d × %s\n", ms(r.spent), 100*r.spent.Seconds()/total.Seconds(), r.n, r.name)
	}
	s.WriteString("longest steps:\n")
	for _, r := range steps[:min(len(steps), 20)] {
		fmt.Fprintf(&s, "%10.2f ms  %s\n", ms(r.spent), r.name)
	}
	return s.String()
}
