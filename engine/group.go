package engine

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// groupBytes is the most that the operands of waiting steps, whose groups are still open, may
// take of the arena.
const groupBytes = 64 << 20

// group makes one step of several that do the same to different tensors, such as the updates
// of small parameters, where the device supports that. The first ones wait for the last, so
// their gradients live longer; if that makes the arena grow by more than 2 % and 64 KiB,
// fewer of them wait.
func (b *builder) group() {
	single := b.steps
	arena := b.plan().arena
	for budget := int64(groupBytes); budget >= 64<<10; budget /= 4 {
		g := &grouping{b: b, u: b.uses(), budget: budget}
		g.flush()
		for _, s := range single {
			g.add(s)
		}
		g.flush()
		b.steps = g.done
		if len(g.done) < len(single) && b.plan().arena <= arena+max(arena/50, 64<<10) {
			return
		}
		b.steps = single
	}
}

// grouping builds the list of steps; steps that wait are in open groups.
type grouping struct {
	b      *builder
	u      *uses
	budget int64
	done   []*device.Step
	// open are the groups that wait, in the order in which they have to run.
	open [][]*device.Step
	// makes and reads map a tensor to the last open group that makes or reads it, by its index.
	makes, reads map[*device.Tensor]int
	held         int64 // bytes of the arena that the groups' operands take
}

// add appends a step or puts it into a group.
func (g *grouping) add(s *device.Step) {
	after, bytes := g.after(s), g.bytes(s)
	if bytes > g.budget || !g.groupable(s) {
		if after >= 0 {
			g.flush()
		}
		g.done = append(g.done, s)
		return
	}
	at := slices.IndexFunc(g.open, func(group []*device.Step) bool { return alike(group[0], s) })
	if g.held+bytes > g.budget || at >= 0 && after >= at {
		g.flush()
		at = -1
	}
	if at < 0 {
		at = len(g.open)
		g.open = append(g.open, nil)
	}
	g.open[at] = append(g.open[at], s)
	g.held += bytes
	for _, t := range s.In {
		t = g.b.rootOf(t).of
		g.reads[t] = max(g.reads[t], at)
	}
	for _, t := range s.Out {
		g.makes[t] = at
	}
}

// groupable reports whether a step may wait: nothing but other updates depends on it.
func (g *grouping) groupable(s *device.Step) bool {
	if s.Accumulate || s.Kind == device.Host {
		return false
	}
	assigned := func(t *device.Tensor) bool {
		return slices.ContainsFunc(g.b.assign, func(a assignment) bool { return a.value == t })
	}
	if !s.Kind.Update() && !(s.Kind.Elementwise() && !slices.ContainsFunc(s.Out, func(t *device.Tensor) bool { return !assigned(t) })) {
		return false
	}
	return g.b.dev.Supports(device.NewGroup(s))
}

// alike reports whether two steps may be in one group: equal kinds, attributes and types.
func alike(a, b *device.Step) bool {
	same := func(a, b []*device.Tensor) bool {
		return slices.EqualFunc(a, b, func(a, b *device.Tensor) bool { return a.DType == b.DType && a.Storage() == b.Storage() })
	}
	return a.Kind == b.Kind && a.Attr == b.Attr && same(a.In, b.In) && same(a.Out, b.Out)
}

// after is the index of the last open group that has to run before the step, because the step
// reads a result of the group or overwrites an operand of it; -1 if there is none.
func (g *grouping) after(s *device.Step) int {
	last := -1
	find := func(in map[*device.Tensor]int, t *device.Tensor) {
		if at, ok := in[t]; ok {
			last = max(last, at)
		}
	}
	for _, t := range s.In {
		find(g.makes, g.b.rootOf(t).of)
	}
	if base := g.b.into[s]; base != nil {
		find(g.reads, base)
		find(g.makes, base)
	}
	for _, a := range g.b.assign {
		if slices.Contains(s.Out, a.value) {
			find(g.reads, a.slot)
		}
	}
	return last
}

// bytes is the arena memory that the operands of a waiting step occupy.
func (g *grouping) bytes(s *device.Step) (sum int64) {
	for _, t := range s.In {
		if root := g.b.rootOf(t).of; root.Role == device.Activation && g.u.producer[root] != nil {
			sum += g.b.dev.Bytes(t)
		}
	}
	return sum
}

// flush appends the open groups.
func (g *grouping) flush() {
	for _, group := range g.open {
		if len(group) == 1 {
			g.done = append(g.done, group[0])
		} else {
			g.done = append(g.done, device.NewGroup(group...))
		}
	}
	g.open, g.held = nil, 0
	g.makes, g.reads = map[*device.Tensor]int{}, map[*device.Tensor]int{}
}
