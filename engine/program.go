package engine

import (
	"fmt"
	"math"
	"slices"
	"time"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// Program is a compiled graph: steps in order, bound to memory. It is not safe
// for concurrent use, and programs of one State run one at a time.
type Program struct {
	spec  Spec
	dev   device.Device
	state *State
	steps []*device.Step
	plan  *memoryPlan

	tensors map[*G.Node]*device.Tensor
	inputs  map[*G.Node]*input
	slots   map[*device.Tensor]string
	foreign map[*device.Step]G.Op
	own     map[*device.Tensor]device.Buffer // inputs and constants

	kernels    []device.Kernel
	updated    []*slot // whose versions a run advances
	generation int     // of the State's memory that the kernels are bound to
	running    int     // step that runs, for errors
	profile    *profile
	closed     bool
}

type input struct {
	tensor *device.Tensor
	memory device.Memory
	bound  bool
	scalar [1]float32
	double [1]float64
}

// program makes the Program of a plan: buffers for inputs and constants.
func (b *builder) program(m *memoryPlan) (*Program, error) {
	p := &Program{
		spec: b.spec, dev: b.dev, state: b.state, steps: b.steps, plan: m,
		tensors: b.of, inputs: map[*G.Node]*input{}, slots: map[*device.Tensor]string{},
		foreign: b.foreign, own: map[*device.Tensor]device.Buffer{}, generation: -1,
	}
	for name, t := range b.slots {
		p.slots[t] = name
	}
	for _, a := range b.assign {
		p.updated = append(p.updated, b.state.slots[p.slots[a.slot]])
	}
	made := false
	defer func() { // after a panic too
		if !made {
			p.Close()
		}
	}()
	if err := p.allocate(b); err != nil {
		return nil, fmt.Errorf("engine: %s: %w", b.spec.Name, err)
	}
	made = true
	return p, nil
}

// allocate takes the program's own memory and widens the State's.
func (p *Program) allocate(b *builder) error {
	for _, n := range b.spec.Inputs {
		t := b.of[n]
		if t == nil || p.inputs[n] != nil { // nothing needs it, or it is listed twice
			continue
		}
		if err := p.take(t); err != nil {
			return fmt.Errorf("input %s: %w", n.Name(), err)
		}
		p.inputs[n] = &input{tensor: t, memory: p.memory(t)}
	}
	for t, host := range b.constants {
		if !b.reads(t) {
			continue
		}
		if err := p.take(t); err != nil {
			return fmt.Errorf("constant %s: %w", t.Name, err)
		}
		if err := b.dev.Upload(t, p.memory(t), host); err != nil {
			return fmt.Errorf("constant %s: %w", t.Name, err)
		}
	}
	return b.state.work.reserve(p.plan.arena, p.plan.scratch)
}

// take gives a tensor a buffer of the program's own.
func (p *Program) take(t *device.Tensor) error {
	buf, err := newBuffer(p.dev, p.dev.Bytes(t))
	if err == nil {
		p.own[t] = buf
	}
	return err
}

// memory is the place of a tensor.
func (p *Program) memory(t *device.Tensor) device.Memory {
	if a, ok := p.plan.aliases[t]; ok {
		m := p.memory(a.of)
		m.Offset += a.offset
		return m
	}
	if s := p.plan.slot[t]; s != nil {
		t = s
	}
	if name, ok := p.slots[t]; ok {
		return device.Memory{Buffer: p.state.slots[name].buffer}
	}
	if b := p.own[t]; b != nil {
		return device.Memory{Buffer: b}
	}
	return device.Memory{Buffer: p.state.work.arena, Offset: p.plan.of[t].offset}
}

// bind resolves the steps to the State's present memory. After an error the next run
// binds anew.
func (p *Program) bind() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("engine: %s: %w: binding: %v", p.spec.Name, ErrRun, r)
		}
	}()
	p.kernels, p.generation = p.kernels[:0], -1
	host := newHostMemory(p.steps)
	for _, s := range p.steps {
		in, out := make([]device.Memory, len(s.In)), make([]device.Memory, len(s.Out))
		for i, t := range s.In {
			in[i] = p.memory(t)
		}
		for i, t := range s.Out {
			out[i] = p.memory(t)
		}
		var k device.Kernel
		if s.Kind == device.Host {
			k = newHostKernel(p.dev, p.foreign[s], s, in, out[0], host)
		} else {
			k, err = p.dev.Bind(s, in, out, device.Memory{Buffer: p.state.work.scratch})
		}
		if err != nil {
			return fmt.Errorf("engine: %s: %s %v: %w", p.spec.Name, s.Path, s.Kind, err)
		}
		p.kernels = append(p.kernels, k)
	}
	for _, c := range p.plan.copies {
		p.kernels = append(p.kernels, &copyKernel{p.dev, p.memory(c.slot), p.memory(c.value), p.dev.Bytes(c.slot)})
	}
	p.generation = p.state.work.generation
	return nil
}

// Bind gives an input its value for the next runs: a slice in canonical order, or
// a float32 or float64 for a scalar.
func (p *Program) Bind(n *G.Node, host any) error {
	if p.closed {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, ErrClosed)
	}
	in, ok := p.inputs[n]
	if !ok {
		if slices.Contains(p.spec.Inputs, n) {
			return nil // the program does not need it
		}
		return fmt.Errorf("engine: %s: %w: %v is not an input", p.spec.Name, ErrValue, n)
	}
	switch v := host.(type) {
	case float64:
		in.double[0], in.scalar[0] = v, float32(v)
		host = in.double[:]
		if in.tensor.DType == device.Float32 {
			host = in.scalar[:]
		}
	case float32:
		return p.Bind(n, float64(v))
	}
	if err := checkHost(in.tensor, host); err != nil {
		return fmt.Errorf("engine: %s: input %s: %w", p.spec.Name, n.Name(), err)
	}
	if err := p.dev.Upload(in.tensor, in.memory, host); err != nil {
		return fmt.Errorf("engine: %s: input %s: %w", p.spec.Name, n.Name(), err)
	}
	in.bound = true
	return nil
}

// Run carries out the steps. After an error the State's slots may hold the values
// of a step half done.
func (p *Program) Run() (err error) {
	if p.closed || p.state.closed {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, ErrClosed)
	}
	for n, in := range p.inputs {
		if !in.bound {
			return fmt.Errorf("engine: %s: %w: input %s has no value", p.spec.Name, ErrValue, n.Name())
		}
	}
	if p.generation != p.state.work.generation {
		if err := p.bind(); err != nil {
			return err
		}
	}
	if p.spec.Poison {
		if err := p.poison(); err != nil {
			return err
		}
	}
	for _, s := range p.updated {
		s.version++
	}
	p.state.work.ran = p
	return p.runKernels()
}

func (p *Program) runKernels() (err error) {
	p.dev.Begin()
	defer func() {
		if r := recover(); r != nil {
			p.dev.End()
			err = p.failed(r)
		}
	}()
	if p.profile != nil {
		for i, k := range p.kernels {
			p.running = i
			start := time.Now()
			k.Run()
			p.profile.spent[i] += time.Since(start)
		}
		p.profile.runs++
	} else {
		for i, k := range p.kernels {
			p.running = i
			k.Run()
		}
	}
	if err := p.dev.End(); err != nil {
		return fmt.Errorf("engine: %s: %w: %w", p.spec.Name, ErrRun, err)
	}
	return nil
}

// failed is the error for a panic of the running step.
func (p *Program) failed(r any) error {
	where := "assignments"
	if p.running < len(p.steps) {
		s := p.steps[p.running]
		where = fmt.Sprintf("%s %v", s.Path, s.Kind)
		if name := s.Out[0].Name; name != "" {
			where += " (node " + name + ")"
		}
	}
	if e, ok := r.(error); ok {
		return fmt.Errorf("engine: %s: %s: %w: %w", p.spec.Name, where, ErrRun, e)
	}
	return fmt.Errorf("engine: %s: %s: %w: %v", p.spec.Name, where, ErrRun, r)
}

// Read copies an output to host memory in canonical order: its value in the program's
// last run. Programs of one State share memory, so it must be read before another runs.
func (p *Program) Read(n *G.Node, host any) error {
	if p.closed || p.state.closed {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, ErrClosed)
	}
	if !slices.Contains(p.spec.Outputs, n) {
		return fmt.Errorf("engine: %s: %w: %v is not an output", p.spec.Name, ErrValue, n)
	}
	if p.generation != p.state.work.generation {
		return fmt.Errorf("engine: %s: %w: nothing to read before a run", p.spec.Name, ErrRun)
	}
	t := p.tensors[n]
	if p.plan.of[t] != nil && p.state.work.ran != p {
		return fmt.Errorf("engine: %s: %w: output %s is gone: another program has run in its memory since", p.spec.Name, ErrRun, n.Name())
	}
	if err := checkHost(t, host); err != nil {
		return fmt.Errorf("engine: %s: output %s: %w", p.spec.Name, n.Name(), err)
	}
	return p.dev.Download(t, p.memory(t), host)
}

// poison fills the arena and the scratch memory with NaN.
func (p *Program) poison() error {
	for _, b := range []device.Buffer{p.state.work.arena, p.state.work.scratch} {
		t := &device.Tensor{Shape: []int{int(b.Bytes() / 4)}, DType: device.Float32, Role: device.Activation, Name: "poison"}
		nan := make([]float32, t.Shape[0])
		for i := range nan {
			nan[i] = math.Float32frombits(^uint32(0)) // NaN as two bfloat16, too
		}
		if err := p.dev.Upload(t, device.Memory{Buffer: b}, nan); err != nil {
			return err
		}
	}
	return nil
}

// RunAll binds the inputs' node values, runs, and gives the outputs' nodes their
// values: gorgonia.VM.
func (p *Program) RunAll() error {
	for _, n := range p.spec.Inputs {
		v := n.Value()
		if v == nil {
			return fmt.Errorf("engine: %s: %w: input %s has no value", p.spec.Name, ErrValue, n.Name())
		}
		host, _, err := hostData(v)
		if err != nil {
			return err
		}
		if err := p.Bind(n, host); err != nil {
			return err
		}
	}
	if err := p.Run(); err != nil {
		return err
	}
	for _, n := range p.spec.Outputs {
		host := newHost(p.tensors[n])
		if err := p.Read(n, host); err != nil {
			return err
		}
		if err := G.UnsafeLet(n, valueOf(host, p.tensors[n].Shape)); err != nil {
			return fmt.Errorf("engine: %s: %w", p.spec.Name, err)
		}
	}
	return nil
}

// Reset does nothing: a Program keeps nothing between runs but its State. gorgonia.VM.
func (p *Program) Reset() {}

// Close frees the program's own memory; the State stays.
func (p *Program) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	var first error
	for _, b := range p.own {
		if err := b.Free(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

var _ G.VM = (*Program)(nil)
