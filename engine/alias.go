package engine

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// alias is the place of a tensor inside the memory of another tensor.
type alias struct {
	of     *device.Tensor // never an alias itself
	offset int64          // bytes
}

// alias drops the steps whose result is a part of their operand's memory that the device can
// read in place. The operand's memory then lives as long as its aliases.
func (b *builder) alias() {
	dev, ok := b.dev.(device.Aliaser)
	if !ok || b.spec.NoReuse {
		return
	}
	u := b.uses()
	written := map[*device.Tensor]bool{} // by steps that accumulate
	for _, base := range b.into {
		written[base] = true
	}
	b.steps = slices.DeleteFunc(b.steps, func(s *device.Step) bool {
		if len(s.Out) != 1 || s.Kind == device.Host || s.Accumulate {
			return false
		}
		out, in := s.Out[0], b.rootOf(s.In[0])
		if in.of.Role != device.Activation || out.Role != device.Activation || u.kept[out] || written[out] || written[in.of] {
			return false // its memory is not in the arena, or is written by other steps
		}
		offset, ok := dev.Alias(s)
		if ok {
			b.aliases[out] = alias{in.of, in.offset + offset}
		}
		return ok
	})
}

// rootOf is the tensor that owns the memory of t, and the place of t in it.
func (b *builder) rootOf(t *device.Tensor) alias {
	if a, ok := b.aliases[t]; ok {
		return a
	}
	return alias{of: t}
}
