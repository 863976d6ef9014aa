package engine

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// Assignment gives a slot of the State the value of a node. All assignments of a
// program take effect together, whatever their order: nodes are computed from the old
// values of the slots, so that two slots may be swapped.
type Assignment struct {
	Slot  string
	Value *G.Node
}

// Spec is the input of Compile: a graph, its inputs and outputs, and the slots of the State
// that its leaves read and its assignments change. Programs of one State may share slots.
type Spec struct {
	Name    string // "train", "eval": in errors and Explain
	Graph   *G.ExprGraph
	Inputs  []*G.Node          // leaves bound before each run
	Outputs []*G.Node          // Program.Read returns their values after a run
	Slots   map[*G.Node]string // leaf → slot of the State
	Assign  []Assignment

	// Precision is BFloat16 to store activations, their gradients and the weights that products
	// read as bfloat16; 0 stores every value in its own type. See round.
	Precision device.DType

	NoFuse  bool // for tests: a separate step for every operator
	NoReuse bool // for tests: separate memory for every tensor
	Poison  bool // for tests: fill the arena with NaN before each run
	// Synchronous waits for each step before the next is enqueued, so that a fault names the
	// step that caused it. EURYALE_SYNC=1 in the environment does so for all programs.
	Synchronous bool

	measured *Memory // if set, Compile stores the memory needed here and makes no program: PlanMemory
}

type assignment struct{ slot, value *device.Tensor }

// builder is a program under construction; each pass changes its steps.
type builder struct {
	dev   device.Device
	state *State
	spec  Spec

	steps     []*device.Step
	of        map[*G.Node]*device.Tensor
	inputs    map[*G.Node]*device.Tensor
	slots     map[string]*device.Tensor
	constants map[*device.Tensor]any
	// other maps a tensor to its copy in the other form (Tensor.Param), and the copy back.
	other   map[*device.Tensor]*device.Tensor
	foreign map[*device.Step]G.Op
	// into holds, for a step that accumulates, the tensor whose memory it adds to.
	into map[*device.Step]*device.Tensor
	// aliases are tensors inside the memory of others.
	aliases map[*device.Tensor]alias
	outputs []*device.Tensor // that steps make, in order
	assign  []assignment
	nextID  int
}

// Compile turns a graph into a Program on a device, over the slots of a State.
// Passes: prune, lower, fuse, fold, round, schedule, alias, group, plan. The Program then binds
// each step to a kernel of the device, such as those of device/cpu (device.go, conv_amd64.go).
func Compile(dev device.Device, st *State, spec Spec) (p *Program, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("engine: %s: %w: panic: %v", spec.Name, ErrGraph, r)
		}
	}()
	if spec.Name == "" {
		spec.Name = "program"
	}
	if dev == nil || st == nil || spec.Graph == nil {
		return nil, fmt.Errorf("engine: %s: %w: device, state and graph are needed", spec.Name, ErrGraph)
	}
	if st.closed {
		return nil, fmt.Errorf("engine: %s: %w", spec.Name, ErrClosed)
	}
	if spec.Precision != 0 && spec.Precision != device.BFloat16 {
		return nil, fmt.Errorf("engine: %s: %w: precision %v, want %v or 0", spec.Name, ErrGraph, spec.Precision, device.BFloat16)
	}
	b := &builder{
		dev: dev, state: st, spec: spec,
		of: map[*G.Node]*device.Tensor{}, inputs: map[*G.Node]*device.Tensor{}, slots: map[string]*device.Tensor{},
		constants: map[*device.Tensor]any{}, foreign: map[*device.Step]G.Op{}, into: map[*device.Step]*device.Tensor{},
		other: map[*device.Tensor]*device.Tensor{}, aliases: map[*device.Tensor]alias{},
	}
	needed, err := b.prune()
	if err != nil {
		return nil, err
	}
	if err := b.lower(needed); err != nil {
		return nil, err
	}
	if !spec.NoFuse {
		b.fuse()
		b.fold()
	}
	b.round()
	if err := b.schedule(); err != nil {
		return nil, err
	}
	if !spec.NoFuse {
		b.alias()
	}
	b.markOutputs()
	if !spec.NoFuse && !spec.NoReuse {
		b.group()
	}
	for _, s := range b.steps {
		if s.Kind != device.Host && !dev.Supports(s) {
			return nil, fmt.Errorf("engine: %s: %w: %s cannot run %v at %q", spec.Name, ErrGraph, dev.Name(), s.Kind, s.Path)
		}
	}
	plan := b.plan()
	if spec.measured != nil {
		*spec.measured = b.memory(plan)
		return nil, nil
	}
	return b.program(plan)
}
