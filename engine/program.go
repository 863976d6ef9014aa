package engine

import (
	"errors"
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// Program is a compiled graph: steps in order, bound to memory. A program and the State
// and device that it shares with others belong to one goroutine at a time, and one run is
// pending on a device at a time: a call that needs an earlier run to be done waits for it.
type Program struct {
	spec  Spec
	dev   device.Device
	state *State
	steps []*device.Step
	plan  *memoryPlan

	planned Memory

	tensors map[*G.Node]*device.Tensor
	inputs  inputs
	outputs outputs
	slots   map[*device.Tensor]string
	foreign map[*device.Step]G.Op
	own     map[*device.Tensor]device.Buffer // constants

	kernels    []device.Kernel
	recording  device.Recording // of kernels; nil where the device has none
	updated    []*slot          // slots that a run assigns, so that their versions advance
	reads      []*slot
	firstWrite int   // the first kernel that writes a slot
	generation int   // workspace.generation when the kernels were bound
	enqueued   int   // index of the kernel that is being enqueued, for errors
	ran        bool  // the last run succeeded: outputs have values
	result     error // of the last run
	unseen     bool  // result is an error that neither Wait nor Start has returned
	profile    *profile
	watch      stopwatch
	closed     bool
}

// program makes the Program of a plan: buffers for inputs, outputs and constants.
func (b *builder) program(m *memoryPlan) (*Program, error) {
	p := &Program{
		spec: b.spec, dev: b.dev, state: b.state, steps: b.steps, plan: m,
		tensors: b.of, slots: map[*device.Tensor]string{},
		foreign: b.foreign, own: map[*device.Tensor]device.Buffer{}, generation: -1, watch: newStopwatch(b.dev),
	}
	p.planned = b.memory(m)
	for name, t := range b.slots {
		p.slots[t] = name
	}
	for _, a := range b.assign {
		p.updated = append(p.updated, b.state.slots[p.slots[a.slot]])
	}
	p.noteSlots()
	made := false
	defer func() { // after a panic too
		if !made {
			p.Close()
		}
	}()
	if err := p.allocate(b); err != nil {
		return nil, fmt.Errorf("engine: %s, which takes %v: %w", b.spec.Name, p.planned, err)
	}
	made = true
	return p, nil
}

// allocate makes the program's own buffers and enlarges the State's working memory if necessary.
func (p *Program) allocate(b *builder) error {
	if err := p.inputs.allocate(b); err != nil {
		return fmt.Errorf("memory for inputs: %w", err)
	}
	if err := p.outputs.allocate(b, p.plan); err != nil {
		return fmt.Errorf("memory for outputs: %w", err)
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

// take makes a buffer for one tensor of the program.
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
	if st := p.plan.of[t]; st != nil && st.output {
		return device.Memory{Buffer: p.outputs.buffer, Offset: st.offset}
	} else if st != nil {
		return device.Memory{Buffer: p.state.work.arena, Offset: st.offset}
	}
	return p.inputs.memory(t)
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
	if err := p.forget(); err != nil {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, err)
	}
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
	if err := p.record(); err != nil {
		return fmt.Errorf("engine: %s: recording: %w", p.spec.Name, err)
	}
	p.generation = p.state.work.generation
	return nil
}

// record makes a recording of the kernels if the device is a Recorder. Foreign operators,
// which work on the host, cannot be part of one.
func (p *Program) record() (err error) {
	r, ok := p.dev.(device.Recorder)
	if !ok || len(p.foreign) > 0 {
		return nil
	}
	p.recording, err = r.Record(func() {
		for _, k := range p.kernels {
			k.Run()
		}
	})
	return err
}

// forget frees the recording.
func (p *Program) forget() error {
	if p.recording == nil {
		return nil
	}
	err := p.recording.Free()
	p.recording = nil
	return err
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

// RunAll binds the inputs' node values, runs, and sets the values of the outputs' nodes. It
// implements gorgonia.VM.
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

// Reset does nothing: a Program keeps nothing between runs but its State. It implements
// gorgonia.VM.
func (p *Program) Reset() {}

// Close waits for a pending run and frees the program's own memory; the State stays.
func (p *Program) Close() error {
	if p.closed {
		return nil
	}
	settle(p.dev)
	p.closed = true
	first := errors.Join(p.forget(), p.inputs.free(), p.outputs.free(), p.watch.free(), p.profile.free())
	for _, b := range p.own {
		first = errors.Join(first, b.Free())
	}
	return first
}

var _ G.VM = (*Program)(nil)
