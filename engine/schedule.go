package engine

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
)

// schedule orders the steps by the immediate plan of updates: a step that writes a
// slot comes as soon as its operands are whole and the slot's old value has been
// read for the last time, all others in order of creation.
func (b *builder) schedule() error {
	waits, after := b.dependencies()
	writes := map[*device.Step]bool{}
	u := b.uses()
	for _, a := range b.assign {
		if p := u.producer[a.value]; p != nil {
			writes[p] = true
		}
	}
	var order []*device.Step
	done := map[*device.Step]bool{}
	emit := func(s *device.Step) (ready []*device.Step) {
		done[s] = true
		order = append(order, s)
		for _, next := range after[s] {
			if waits[next]--; waits[next] == 0 && writes[next] {
				ready = append(ready, next)
			}
		}
		return ready
	}
	for progress := true; progress && len(order) < len(b.steps); {
		progress = false
		for _, s := range b.steps {
			if done[s] || waits[s] > 0 {
				continue
			}
			progress = true
			for ready := emit(s); len(ready) > 0; ready = ready[1:] {
				if !done[ready[0]] {
					ready = append(ready, emit(ready[0])...)
				}
			}
		}
	}
	if len(order) < len(b.steps) {
		return fmt.Errorf("engine: %s: %w: a slot's update depends on itself", b.spec.Name, ErrGraph)
	}
	b.steps = order
	return nil
}

// dependencies counts, for each step, what it waits for, and lists who waits for
// it: its operands' producers, the memory that it accumulates into and that
// memory's readers, and the readers of a slot that it overwrites.
func (b *builder) dependencies() (waits map[*device.Step]int, after map[*device.Step][]*device.Step) {
	u := b.uses()
	waits, after = map[*device.Step]int{}, map[*device.Step][]*device.Step{}
	edge := func(from, to *device.Step) {
		if from != nil && from != to {
			after[from] = append(after[from], to)
			waits[to]++
		}
	}
	for _, s := range b.steps {
		for _, t := range s.In {
			edge(u.producer[t], s)
		}
		if base := b.into[s]; base != nil {
			edge(u.producer[base], s)
			for _, r := range u.readers[base] {
				edge(r, s)
			}
		}
	}
	for _, a := range b.assign {
		if p := u.producer[a.value]; p != nil && b.inPlaceUpdate(p) {
			for _, r := range u.readers[a.slot] {
				edge(r, p)
			}
		}
	}
	return waits, after
}

// inPlaceUpdate reports whether a step may wait for the other readers of the slot
// that it writes: it is an update, which nothing else in the step depends on.
func (b *builder) inPlaceUpdate(s *device.Step) bool {
	switch s.Kind {
	case device.SGD, device.SGDVelocity, device.SGDWeight, device.LinearUpdate, device.RunningStat,
		device.Lerp, device.SquareLerp, device.AdamWeight:
		return true
	}
	return false
}
