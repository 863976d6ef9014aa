package engine

import (
	"fmt"
	"io"
	"strings"

	"github.com/euryale-ml/euryale/device"
)

// Explain lists the steps in order with their results, work and memory.
func (p *Program) Explain() string {
	var s strings.Builder
	var flops int64
	fmt.Fprintf(&s, "program %s on %s\n", p.spec.Name, p.dev.Name())
	fmt.Fprintf(&s, "%4s  %-32s %-32s %-20s %10s %12s  %s\n", "step", "kind", "path", "result", "MFLOP", "bytes", "place")
	for i, st := range p.steps {
		flops += st.FLOPs()
		p.explain(&s, fmt.Sprint(i), st)
	}
	if n := len(p.plan.aliases); n > 0 {
		fmt.Fprintf(&s, "%d results lie inside other tensors and need no step\n", n)
	}
	fmt.Fprintf(&s, "%d steps, %.3f GFLOP, arena %.1f MB, scratch %.1f MB\n", len(p.steps), float64(flops)/1e9, float64(p.plan.arena)/1e6, float64(p.plan.scratch)/1e6)
	return s.String()
}

// explain writes a step, and the steps of a group below it.
func (p *Program) explain(w io.Writer, number string, s *device.Step) {
	out, g := s.Out[0], device.GroupAttr{}
	shape, bytes, place := fmt.Sprint(out.Shape), p.dev.Bytes(out), p.placeOf(out)
	if s.Kind == device.Group {
		g = s.Attr.(device.GroupAttr)
		shape, place, bytes = "", "", 0
		for _, t := range s.Out {
			bytes += p.dev.Bytes(t)
		}
	}
	line := fmt.Sprintf("%4s  %-32s %-32s %-20s %10.2f %12d  %s", number, label(s), s.Path, shape, float64(s.FLOPs())/1e6, bytes, place)
	fmt.Fprintln(w, strings.TrimRight(line, " "))
	for _, part := range g.Steps {
		p.explain(w, "·", part)
	}
}

// label is a step's kind and the operations fused into it: "Conv2D+bias+ReLU".
func label(s *device.Step) string {
	name := s.Kind.String()
	switch a := s.Attr.(type) {
	case device.GroupAttr:
		return fmt.Sprintf("%d × %s", len(a.Steps), label(a.Steps[0]))
	case device.ActAttr:
		return name + " " + a.Act.String()
	case device.ConvAttr:
		name += part("+bias", a.Bias)
	case device.LinearAttr:
		name += part("+bias", a.Bias)
	case device.BatchNormAttr:
		name += part("+residual", a.Residual)
	}
	if a, ok := s.Attr.(device.Activated); ok && a.Activation() != device.None {
		name += "+" + a.Activation().String()
	}
	return name + part("+sum", s.Accumulate)
}

func part(name string, there bool) string {
	if there {
		return name
	}
	return ""
}

func (p *Program) placeOf(t *device.Tensor) string {
	if slot := p.plan.slot[t]; slot != nil {
		return "slot " + p.slots[slot]
	}
	if st := p.plan.of[t]; st != nil && st.output {
		return fmt.Sprintf("output+%d", st.offset)
	} else if st != nil {
		return fmt.Sprintf("arena+%d", st.offset)
	}
	return "own"
}
