package engine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
)

// prune lists, in order of creation, the nodes that outputs and assignments
// need: Grad also builds gradients that the program does not use.
func (b *builder) prune() ([]*G.Node, error) {
	needed := map[*G.Node]bool{}
	stack := slices.Clone(b.spec.Outputs)
	for _, a := range b.spec.Assign {
		stack = append(stack, a.Value)
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == nil {
			return nil, fmt.Errorf("engine: %s: %w: an output or assignment is nil", b.spec.Name, ErrGraph)
		}
		if needed[n] {
			continue
		}
		needed[n] = true
		if n.Op() != nil {
			stack = append(stack, childrenOf(b.spec.Graph, n)...)
		}
	}
	var order []*G.Node
	for _, n := range b.spec.Graph.AllNodes() {
		if needed[n] {
			order = append(order, n)
			delete(needed, n)
		}
	}
	for n := range needed {
		return nil, fmt.Errorf("engine: %s: %w: node %v is not of this graph", b.spec.Name, ErrGraph, n)
	}
	for _, in := range b.spec.Inputs {
		if in == nil || in.Op() != nil {
			return nil, fmt.Errorf("engine: %s: %w: input %v is not a leaf", b.spec.Name, ErrGraph, in)
		}
		if slot, ok := b.spec.Slots[in]; ok {
			return nil, fmt.Errorf("engine: %s: %w: %v is an input and slot %s at once", b.spec.Name, ErrGraph, in, slot)
		}
	}
	return order, nil
}
