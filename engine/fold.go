package engine

import (
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// fold turns sums of gradients into accumulation: in x + dx, where dx comes from
// a step that can accumulate and nothing reads x afterwards, that step adds into
// x's memory. x may be a slot of sums over several batches.
func (b *builder) fold() {
	for again := true; again; {
		again = false
		u := b.uses()
		for i, add := range b.steps {
			if add.Kind != device.Add || add.Attr.(device.AddAttr).Act != device.None || add.In[0] == add.In[1] {
				continue
			}
			if b.foldSum(u, add, add.In[0], add.In[1]) || b.foldSum(u, add, add.In[1], add.In[0]) {
				b.steps = slices.Delete(b.steps, i, i+1)
				again = true
				break
			}
		}
	}
}

// foldSum makes dx's producer add into base where that is possible: base is an activation, or
// a slot whose new value is the sum.
func (b *builder) foldSum(u *uses, add *device.Step, base, dx *device.Tensor) bool {
	p := u.producer[dx]
	for _, taken := range b.into { // a step folded before adds into it; no Add reads it any more
		if taken == base || taken == dx {
			return false
		}
	}
	if p == nil || !p.Kind.Accumulates() || p.Accumulate || u.only(dx, device.Add) != add || u.kept[base] || slices.Contains(p.In, base) {
		return false
	}
	at := slices.Index(b.steps, p)
	if !b.becomes(base, add.Out[0]) && (base.Role != device.Activation || u.producer[base] == nil || slices.Index(b.steps, u.producer[base]) > at) {
		return false
	}
	for _, r := range u.readers[base] {
		if r != add && slices.Index(b.steps, r) >= at {
			return false
		}
	}
	acc := &device.Step{Kind: p.Kind, Attr: p.Attr, Path: p.Path, In: p.In, Out: add.Out, Accumulate: true}
	if !b.dev.Supports(acc) {
		return false
	}
	b.steps[at] = acc
	b.into[acc] = base
	return true
}

// becomes reports whether t is assigned to the slot, to no other one, and is no output.
func (b *builder) becomes(slot, t *device.Tensor) bool {
	found := false
	for _, a := range b.assign {
		if a.value != t {
			continue
		}
		if found || a.slot != slot || t.Param != slot.Param {
			return false
		}
		found = true
	}
	return found && !slices.ContainsFunc(b.spec.Outputs, func(n *G.Node) bool { return b.of[n] == t })
}
