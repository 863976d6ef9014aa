package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/device"
)

// usable reports an error if the program reads a slot whose value a fault has spoiled.
func (p *Program) usable() error {
	var names []string
	for _, s := range p.reads {
		if s.broken {
			names = append(names, s.tensor.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("engine: %s: %w: %s", p.spec.Name, ErrBroken, strings.Join(names, ", "))
}

// spoil marks the slots whose value is undefined after a failed run: none if the fault was
// before the first step that writes a slot; else all that the program assigns, since some may
// be updated and others not; all of the State if the device is lost.
func (p *Program) spoil(err error) {
	var f *device.Fault
	if errors.As(err, &f) {
		if f.Lost {
			for _, s := range p.state.slots {
				s.broken = true
			}
			return
		}
		if i := slices.Index(p.steps, f.Step); i >= 0 && i < p.firstWrite {
			return
		}
	}
	for _, s := range p.updated {
		s.broken = true
	}
}

// mend marks the slots that a successful run has assigned as usable.
func (p *Program) mend() {
	for _, s := range p.updated {
		s.broken = false
	}
}

// noteSlots finds which slots the program reads, those that a step adds to included, and the
// first of its kernels that writes one.
func (p *Program) noteSlots() {
	seen := map[string]bool{}
	read := func(t *device.Tensor) {
		if name, ok := p.slots[t]; ok && !seen[name] {
			seen[name] = true
			p.reads = append(p.reads, p.state.slots[name])
		}
	}
	p.firstWrite = len(p.steps)
	for i, s := range p.steps {
		for _, t := range s.In {
			read(t)
		}
		if s.Accumulate {
			read(p.plan.slot[s.Out[0]])
		}
		if slices.ContainsFunc(s.Out, func(t *device.Tensor) bool { return p.plan.slot[t] != nil }) {
			p.firstWrite = min(p.firstWrite, i)
		}
	}
}
