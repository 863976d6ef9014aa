package engine

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/device"
)

// Explain lists the steps in order with their results, work and memory.
func (p *Program) Explain() string {
	var s strings.Builder
	var flops int64
	fmt.Fprintf(&s, "program %s on %s\n", p.spec.Name, p.dev.Name())
	fmt.Fprintf(&s, "%4s  %-24s %-32s %-20s %10s %12s  %s\n", "step", "kind", "path", "result", "MFLOP", "bytes", "place")
	for i, st := range p.steps {
		out := st.Out[0]
		f := flopsOf(st)
		flops += f
		fmt.Fprintf(&s, "%4d  %-24s %-32s %-20s %10.2f %12d  %s\n", i, st.Kind, st.Path, fmt.Sprint(out.Shape), float64(f)/1e6, p.dev.Bytes(out), p.placeOf(out))
	}
	fmt.Fprintf(&s, "%d steps, %.3f GFLOP, arena %.1f MB, scratch %.1f MB\n", len(p.steps), float64(flops)/1e9, float64(p.plan.arena)/1e6, float64(p.plan.scratch)/1e6)
	return s.String()
}

func (p *Program) placeOf(t *device.Tensor) string {
	if slot := p.plan.slot[t]; slot != nil {
		return "slot " + p.slots[slot]
	}
	if st := p.plan.of[t]; st != nil {
		return fmt.Sprintf("arena+%d", st.offset)
	}
	return "own"
}

// flopsOf counts a step's floating-point operations, where the products dominate.
func flopsOf(s *device.Step) int64 {
	if a, ok := s.Attr.(device.ConvAttr); ok {
		return 2 * a.MultiplyAdds()
	}
	product := func(a, b *device.Tensor) int64 { return 2 * int64(a.Elements()) * int64(b.Shape[0]) }
	switch s.Kind {
	case device.Linear:
		return product(s.In[0], s.In[1])
	case device.LinearGradInput:
		return 2 * int64(s.In[0].Elements()) * int64(s.In[1].Shape[1])
	case device.LinearGradWeight, device.LinearUpdate:
		return 2 * int64(s.In[0].Elements()) * int64(s.In[1].Shape[1])
	}
	return int64(s.Out[0].Elements())
}
