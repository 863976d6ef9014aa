package engine

import (
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// schedule orders the steps by the immediate plan of updates: a step that writes a
// slot comes as soon as its operands are complete and the slot's old value has been
// read for the last time, all others in order of creation.
func (b *builder) schedule() error {
	o := &ordering{after: map[*device.Step][]edge{}, waits: map[*device.Step]int{}, wishes: map[*device.Step]int{},
		writes: map[*device.Step]bool{}, done: map[*device.Step]bool{}}
	b.dependencies(o)
	for len(o.order) < len(b.steps) {
		progress := false
		for _, s := range b.steps {
			if !o.done[s] && o.waits[s] == 0 && o.wishes[s] == 0 {
				progress = true
				o.emitAll(s)
			}
		}
		if progress {
			continue
		}
		// Updates wait for one another, as when two slots are swapped. One of them does not
		// write in place then: planSlots finds the readers that follow it.
		i := slices.IndexFunc(b.steps, func(s *device.Step) bool { return !o.done[s] && o.waits[s] == 0 })
		if i < 0 {
			return fmt.Errorf("engine: %s: %w: a step depends on itself", b.spec.Name, ErrGraph)
		}
		o.emitAll(b.steps[i])
	}
	b.steps = o.order
	return nil
}

// edge is a step that comes after another one: necessarily, or if possible, so that it can
// write in place.
type edge struct {
	to   *device.Step
	wish bool
}

// ordering is a schedule under construction.
type ordering struct {
	after         map[*device.Step][]edge
	waits, wishes map[*device.Step]int // number of open edges: necessary ones, others
	writes, done  map[*device.Step]bool
	order         []*device.Step
}

func (o *ordering) add(from, to *device.Step, wish bool) {
	if from == nil || from == to {
		return
	}
	o.after[from] = append(o.after[from], edge{to, wish})
	if wish {
		o.wishes[to]++
	} else {
		o.waits[to]++
	}
}

// emitAll emits a step and then the updates that it makes ready.
func (o *ordering) emitAll(s *device.Step) {
	for ready := []*device.Step{s}; len(ready) > 0; ready = ready[1:] {
		s := ready[0]
		if o.done[s] {
			continue
		}
		o.done[s] = true
		o.order = append(o.order, s)
		for _, e := range o.after[s] {
			if e.wish {
				o.wishes[e.to]--
			} else {
				o.waits[e.to]--
			}
			if o.writes[e.to] && o.waits[e.to] == 0 && o.wishes[e.to] == 0 {
				ready = append(ready, e.to)
			}
		}
	}
}

// dependencies fills in the edges: a step waits for the producers of its operands, for the
// producer of the memory that it accumulates into and for that memory's readers; an update, on
// which nothing else in the program depends, waits if possible for the readers of the slot
// that it overwrites.
func (b *builder) dependencies(o *ordering) {
	u := b.uses()
	for _, s := range b.steps {
		for _, t := range s.In {
			o.add(u.producer[t], s, false)
		}
		if base := b.into[s]; base != nil {
			o.add(u.producer[base], s, false)
			for _, r := range u.readers[base] {
				o.add(r, s, false)
			}
		}
	}
	for _, a := range b.assign {
		p := u.producer[a.value]
		if p == nil {
			continue
		}
		o.writes[p] = true
		if p.Kind.Update() {
			for _, r := range u.readers[a.slot] {
				o.add(r, p, true)
			}
		}
	}
}
