package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/device"
)

// profile is the time that each kernel has taken: by the device's own clock or, where
// it has none, measured on the host by waiting for each kernel.
type profile struct {
	spent []time.Duration
	runs  int
	clock device.Clock // nil if the device has none
}

// Profile starts (and restarts) or stops timing every step. On a device without a
// device.Timer, Start then waits for every step, which makes a run slower.
func (p *Program) Profile(on bool) {
	settle(p.dev)
	p.profile.free() // an error would change nothing: the clock is not used any more
	p.profile = nil
	if !on {
		return
	}
	n := len(p.steps) + len(p.plan.copies)
	p.profile = &profile{spent: make([]time.Duration, n)}
	if t, ok := p.dev.(device.Timer); ok {
		if c, err := t.NewClock(n + 1); err == nil {
			p.profile.clock = c
		}
	}
}

// clock is the device's clock that marks the ends of kernels, or nil.
func (p *Program) clock() device.Clock {
	if p.profile == nil {
		return nil
	}
	return p.profile.clock
}

// free gives up the clock, if there is one.
func (f *profile) free() error {
	if f == nil || f.clock == nil {
		return nil
	}
	return f.clock.Free()
}

// measure adds the times of a finished run.
func (p *Program) measure() {
	if p.profile == nil {
		return
	}
	p.profile.runs++
	if c := p.profile.clock; c != nil && !p.synchronous() {
		for i := range p.profile.spent {
			p.profile.spent[i] += c.Between(i, i+1)
		}
	}
}

// add counts the time since a kernel was started alone.
func (f *profile) add(kernel int, start time.Time) {
	if f != nil {
		f.spent[kernel] += time.Since(start)
	}
}

// ProfileReport is a text: the mean time of a run, by kind of step and then by step, the
// longest first.
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
