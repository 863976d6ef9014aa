package trainer

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/op"
)

// A moving average of the weights and of the running statistics is kept as timm's
// ModelEmaV2 keeps it: average = decay·average + (1-decay)·value after each step, from
// the initial values on. Counters are those of the weights. Evaluations and the model's
// files take the average; resuming needs the weights too.

// addAverages gives each parameter and buffer a slot for its average, with the same value.
func (s *Session) addAverages() error {
	if !(s.config.EMA >= 0 && s.config.EMA < 1) {
		return fmt.Errorf("trainer: %w: EMA %v, want 0 ≤ decay < 1", ErrConfig, s.config.EMA)
	}
	if s.config.EMA == 0 {
		return nil
	}
	for _, name := range s.values() {
		t, err := s.readSlot(name)
		if err != nil {
			return err
		}
		if err := s.state.Add(averageSlots+name, t.Shape, s.deviceType(), t.Data); err != nil {
			return err
		}
	}
	return nil
}

// values are the names of the parameters and buffers.
func (s *Session) values() (names []string) {
	for _, p := range s.params {
		names = append(names, p.Name)
	}
	for _, b := range s.buffers {
		names = append(names, b.Name)
	}
	return names
}

// shown is the slot of a parameter or buffer in evaluations and files.
func (s *Session) shown(name string) string {
	if s.config.EMA > 0 {
		return averageSlots + name
	}
	return name
}

// average updates the averages after a step.
func (s *Session) average() error {
	if s.config.EMA == 0 {
		return nil
	}
	p, err := s.averaging()
	if err != nil {
		return err
	}
	return p.Run()
}

// averaging returns the program of the averages and compiles it on first use.
func (s *Session) averaging() (*program, error) {
	if s.averages != nil {
		return s.averages, nil
	}
	p, spec, err := s.averageSpec()
	if err != nil {
		return nil, err
	}
	if p.Program, err = engine.Compile(s.config.Device, s.state, spec); err != nil {
		return nil, err
	}
	s.averages = p
	return p, nil
}

func (s *Session) averageSpec() (*program, engine.Spec, error) {
	p, spec := s.newProgram("average")
	for _, name := range s.values() {
		shape, _ := s.state.Shape(name)
		node := func(name string) *gorgonia.Node {
			n := gorgonia.NewTensor(p.graph.G, s.dtype(), len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
			spec.Slots[n] = name
			return n
		}
		next, err := op.Lerp(name, node(averageSlots+name), node(name), 1-s.config.EMA)
		if err != nil {
			return nil, spec, err
		}
		spec.Assign = append(spec.Assign, engine.Assignment{Slot: averageSlots + name, Value: next})
	}
	return p, spec, nil
}

// rawPrefix precedes the names of the weights in a resume file when the model's file holds
// their averages instead.
const rawPrefix = "raw/"

// raw copies the weights and statistics whose averages are in the model's files; nil
// without averages.
func (s *Session) raw() (tensors []checkpoint.Tensor, err error) {
	if s.config.EMA == 0 {
		return nil, nil
	}
	for _, name := range s.values() {
		t, err := s.readSlot(name)
		if err != nil {
			return nil, err
		}
		t.Name = rawPrefix + name
		tensors = append(tensors, t)
	}
	return tensors, nil
}
