package engine

import (
	"cmp"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// storage is a range of the arena, used from step first to step last: by one tensor, or by
// several, each written over the one before.
type storage struct {
	first, last int
	bytes       int64
	offset      int64
	order       int  // of creation, to break ties
	output      bool // in the program's own memory, not in the arena
}

// memoryPlan is the place of every tensor.
type memoryPlan struct {
	storages []*storage
	of       map[*device.Tensor]*storage       // activations
	aliases  map[*device.Tensor]alias          // tensors within another one
	slot     map[*device.Tensor]*device.Tensor // values written straight into a slot
	copies   []assignment                      // values copied into a slot at the end
	arena    int64
	scratch  int64
	outputs  int64 // bytes of the program's output buffer
	small    int64 // bytes of its first part, which is copied to the host after every run
}

const forever = int(^uint(0) >> 1)

// plan gives every activation a place in the arena, by lifetime, and every output a place
// in the program's output buffer, which other programs do not touch.
func (b *builder) plan() *memoryPlan {
	m := &memoryPlan{of: map[*device.Tensor]*storage{}, aliases: b.aliases, slot: map[*device.Tensor]*device.Tensor{}}
	last := b.lastUses()
	b.planSlots(m, last)
	for i, s := range b.steps {
		if s.Kind != device.Host {
			m.scratch = max(m.scratch, b.dev.Scratch(s))
		}
		for o, t := range s.Out {
			if m.slot[t] != nil {
				continue
			}
			end, used := last[t]
			if !used {
				end = i
			}
			bytes := b.dev.Bytes(t)
			if st := b.inherit(m, s, o, i, last); st != nil && bytes <= st.bytes {
				st.last = max(st.last, end)
				m.of[t] = st
				continue
			}
			st := &storage{first: i, last: end, bytes: bytes, order: len(m.storages)}
			m.storages = append(m.storages, st)
			m.of[t] = st
		}
	}
	m.placeOutputs(slices.Clone(b.outputs))
	for t, a := range b.aliases {
		m.of[t] = m.of[a.of]
	}
	m.place(b.spec.NoReuse)
	return m
}

// markOutputs gives the outputs their role, in order. Those that are constants stay so.
func (b *builder) markOutputs() {
	for _, n := range b.spec.Outputs {
		if t := b.of[n]; t.Role == device.Activation {
			t.Role = device.Output
			b.outputs = append(b.outputs, t)
		}
	}
}

// smallOutput is the size in bytes up to which an output is copied to the host after every run.
const smallOutput = 4096

// placeOutputs gives outputs their offsets, small ones first. A tensor that an output is
// written over gets the same place.
func (m *memoryPlan) placeOutputs(outputs []*device.Tensor) {
	slices.SortStableFunc(outputs, func(a, b *device.Tensor) int { return cmp.Compare(m.of[a].bytes, m.of[b].bytes) })
	for _, t := range outputs {
		st := m.of[t]
		st.output, st.offset = true, m.outputs
		m.outputs += st.bytes
		if st.bytes <= smallOutput {
			m.small = m.outputs
		}
	}
	m.storages = slices.DeleteFunc(m.storages, func(st *storage) bool { return st.output })
}

// lastUses maps each tensor to the last step that reads it or an alias of it; outputs are
// used forever.
func (b *builder) lastUses() map[*device.Tensor]int {
	last := map[*device.Tensor]int{}
	for i, s := range b.steps {
		for _, t := range s.In {
			last[b.rootOf(t).of] = i
		}
		if base := b.into[s]; base != nil {
			last[base] = i
		}
	}
	for _, n := range b.spec.Outputs {
		last[b.of[n]] = forever
	}
	return last
}

// reads reports whether a step reads t or it is an output.
func (b *builder) reads(t *device.Tensor) bool {
	return slices.ContainsFunc(b.steps, func(s *device.Step) bool { return slices.Contains(s.In, t) }) ||
		slices.ContainsFunc(b.spec.Outputs, func(n *G.Node) bool { return b.of[n] == t })
}

// planSlots finds the assigned values that a step can write into the slot itself: no later
// step reads the old value, and if the step itself reads it, it may write in place. The others
// are copied into their slots at the end, in any order: none of them is a slot, since lower
// copies every assigned leaf.
func (b *builder) planSlots(m *memoryPlan, last map[*device.Tensor]int) {
	at := map[*device.Tensor]int{}
	for i, s := range b.steps {
		for _, t := range s.Out {
			at[t] = i
		}
	}
	for _, a := range b.assign {
		i := at[a.value]
		if m.slot[a.value] == nil && b.fitsSlot(i, a, last) {
			m.slot[a.value] = a.slot
			continue
		}
		m.copies = append(m.copies, a)
		last[a.value] = forever
	}
}

// fitsSlot reports whether step i may write an assigned value straight into its slot.
func (b *builder) fitsSlot(i int, a assignment, last map[*device.Tensor]int) bool {
	s := b.steps[i]
	if base := b.into[s]; base != nil {
		return base == a.slot // the schedule puts the slot's readers before the step
	}
	if a.value.Param != a.slot.Param || a.value.Role == device.Output {
		return false
	}
	read, ok := last[a.slot]
	return !ok || read < i || read == i && b.mayShare(s, a.value, a.slot)
}

// mayShare reports whether the step can write out over in, which it reads once.
func (b *builder) mayShare(s *device.Step, out, in *device.Tensor) bool {
	if s.Kind == device.Host {
		return true // it has copied its operands before it writes
	}
	n := 0
	for _, t := range s.In {
		if t == in {
			n++
		}
	}
	return n == 1 && slices.ContainsFunc(b.dev.InPlace(s), func(p [2]int) bool { return s.Out[p[0]] == out && s.In[p[1]] == in })
}

// inherit is the storage that output o of step i takes over from an operand that
// dies there, or nil.
func (b *builder) inherit(m *memoryPlan, s *device.Step, o, i int, last map[*device.Tensor]int) *storage {
	if base := b.into[s]; base != nil && o == 0 {
		return m.of[base]
	}
	if s.Kind == device.Host || b.spec.NoReuse {
		return nil
	}
	for _, p := range b.dev.InPlace(s) {
		root := b.rootOf(s.In[p[1]])
		in := root.of
		if p[0] != o || root.offset != 0 || in.Role != device.Activation || m.slot[in] != nil || last[in] != i {
			continue
		}
		st := m.of[in]
		if st == nil || st.last != i || slices.ContainsFunc(s.Out[:o], func(t *device.Tensor) bool { return m.of[t] == st }) {
			continue
		}
		n := 0
		for _, t := range s.In {
			if m.of[b.rootOf(t).of] == st {
				n++
			}
		}
		if n == 1 {
			return st
		}
	}
	return nil
}

// place gives offsets, the largest storage first, each in the lowest gap between
// those that are in use at the same time.
func (m *memoryPlan) place(noReuse bool) {
	order := slices.Clone(m.storages)
	slices.SortFunc(order, func(a, b *storage) int {
		return cmp.Or(cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.order, b.order))
	})
	var placed []*storage // by offset
	for _, s := range order {
		at := int64(0)
		for _, p := range placed {
			overlap := noReuse || s.first <= p.last && p.first <= s.last
			if overlap && p.offset < at+s.bytes && at < p.offset+p.bytes {
				at = p.offset + p.bytes
			}
		}
		s.offset = at
		i, _ := slices.BinarySearchFunc(placed, s, func(p, s *storage) int { return cmp.Compare(p.offset, s.offset) })
		placed = slices.Insert(placed, i, s)
		m.arena = max(m.arena, at+s.bytes)
	}
}
