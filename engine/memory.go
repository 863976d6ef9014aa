package engine

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
)

// Memory is the memory that a Program needs on its device, in bytes. The programs of a State
// share one arena and one scratch memory, each as large as the largest program needs.
type Memory struct {
	Arena   int64 // activations and gradients
	Scratch int64 // working memory of single steps
	Own     int64 // inputs, outputs and constants
}

// String lists the parts in MB.
func (m Memory) String() string {
	mb := func(bytes int64) float64 { return float64(bytes) / 1e6 }
	return fmt.Sprintf("%.1f MB (%.1f for activations, %.1f of scratch memory, %.1f for inputs, outputs and constants)",
		mb(m.Arena+m.Scratch+m.Own), mb(m.Arena), mb(m.Scratch), mb(m.Own))
}

// PlanMemory is the memory that the Program of a Spec would need. It allocates none on the
// device.
func PlanMemory(dev device.Device, st *State, spec Spec) (Memory, error) {
	var m Memory
	spec.measured = &m
	_, err := Compile(dev, st, spec)
	return m, err
}

// Memory is the memory that the program needs.
func (p *Program) Memory() Memory { return p.planned }

// memory is the memory that the program of a plan needs.
func (b *builder) memory(plan *memoryPlan) Memory {
	m := Memory{Arena: plan.arena, Scratch: plan.scratch, Own: plan.outputs}
	for _, t := range b.inputs {
		m.Own += b.dev.Bytes(t)
	}
	for t := range b.constants {
		if b.reads(t) {
			m.Own += b.dev.Bytes(t)
		}
	}
	return m
}

// Bytes is the memory of the slots: parameters, statistics, an optimizer's values.
func (s *State) Bytes() (total int64) {
	for _, n := range s.slots {
		total += s.dev.Bytes(&n.tensor)
	}
	return total
}
