package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// State owns what outlives a step, on one device: parameters, statistics and
// optimizer slots by name, and the working memory that its programs share.
// It is not safe for concurrent use.
type State struct {
	dev   device.Device
	slots map[string]*slot
	names []string

	arena, scratch device.Buffer
	// generation counts the changes of shared memory; programs bound before bind anew.
	generation int
	ran        *Program // the last one that ran: the arena holds its values
	closed     bool
}

type slot struct {
	tensor  device.Tensor
	buffer  device.Buffer
	version uint64
}

// NewState returns a State without slots.
func NewState(dev device.Device) *State {
	return &State{dev: dev, slots: map[string]*slot{}}
}

// Add makes a slot. host is its value in canonical row-major order, []float32,
// []float64 or []int64 by dt, or nil for zeros. A name that is taken is an error.
func (s *State) Add(name string, shape []int, dt device.DType, host any) error {
	if s.closed {
		return fmt.Errorf("engine: slot %s: %w", name, ErrClosed)
	}
	if s.slots[name] != nil {
		return fmt.Errorf("engine: %w: %s is there already", ErrSlot, name)
	}
	n := &slot{tensor: device.Tensor{Shape: slices.Clone(shape), DType: dt, Role: device.Slot, Param: true, Name: name}}
	if host != nil {
		if err := checkHost(&n.tensor, host); err != nil {
			return fmt.Errorf("engine: slot %s: %w", name, err)
		}
	}
	var err error
	if n.buffer, err = newBuffer(s.dev, s.dev.Bytes(&n.tensor)); err != nil {
		return fmt.Errorf("engine: slot %s: %w", name, err)
	}
	if host != nil {
		if err := s.dev.Upload(&n.tensor, device.Memory{Buffer: n.buffer}, host); err != nil {
			return fmt.Errorf("engine: slot %s: %w", name, errors.Join(err, n.buffer.Free()))
		}
	}
	s.slots[name] = n
	s.names = append(s.names, name)
	return nil
}

// Names lists the slots in the order in which they were added.
func (s *State) Names() []string { return slices.Clone(s.names) }

// Has reports whether there is a slot of that name.
func (s *State) Has(name string) bool { return s.slots[name] != nil }

// Shape returns a slot's shape.
func (s *State) Shape(name string) ([]int, bool) {
	n, ok := s.slots[name]
	if !ok {
		return nil, false
	}
	return slices.Clone(n.tensor.Shape), true
}

// DType returns a slot's element type.
func (s *State) DType(name string) (device.DType, bool) {
	n, ok := s.slots[name]
	if !ok {
		return 0, false
	}
	return n.tensor.DType, true
}

// Version counts the changes of a slot's value; 0 if there is none of that name.
func (s *State) Version(name string) uint64 {
	if n := s.slots[name]; n != nil {
		return n.version
	}
	return 0
}

// Write sets a slot from host memory in canonical order.
func (s *State) Write(name string, host any) error {
	n, err := s.lookup(name, host)
	if err != nil {
		return err
	}
	n.version++
	return s.dev.Upload(&n.tensor, device.Memory{Buffer: n.buffer}, host)
}

// Read copies a slot to host memory in canonical order.
func (s *State) Read(name string, host any) error {
	n, err := s.lookup(name, host)
	if err != nil {
		return err
	}
	return s.dev.Download(&n.tensor, device.Memory{Buffer: n.buffer}, host)
}

func (s *State) lookup(name string, host any) (*slot, error) {
	if s.closed {
		return nil, fmt.Errorf("engine: slot %s: %w", name, ErrClosed)
	}
	n, ok := s.slots[name]
	if !ok {
		return nil, fmt.Errorf("engine: %w: %s", ErrSlot, name)
	}
	if err := checkHost(&n.tensor, host); err != nil {
		return nil, fmt.Errorf("engine: slot %s: %w", name, err)
	}
	return n, nil
}

// Clone copies the slots into a State of its own on the same device.
func (s *State) Clone() (*State, error) {
	if s.closed {
		return nil, fmt.Errorf("engine: clone: %w", ErrClosed)
	}
	c := NewState(s.dev)
	for _, name := range s.names {
		from := s.slots[name]
		if err := c.Add(name, from.tensor.Shape, from.tensor.DType, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		to := c.slots[name]
		if err := s.dev.Copy(device.Memory{Buffer: to.buffer}, device.Memory{Buffer: from.buffer}, from.buffer.Bytes()); err != nil {
			return nil, fmt.Errorf("engine: slot %s: %w", name, errors.Join(err, c.Close()))
		}
	}
	return c, nil
}

// Close frees the slots and the working memory. Programs over the State fail afterwards.
func (s *State) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	var first error
	free := func(b device.Buffer) {
		if b == nil {
			return
		}
		if err := b.Free(); err != nil && first == nil {
			first = err
		}
	}
	for _, n := range s.slots {
		free(n.buffer)
	}
	free(s.arena)
	free(s.scratch)
	return first
}

// reserve makes the shared memory at least that large. What is new is there before what
// is old is freed, so that a failure changes nothing and the programs bound before still
// run. Old and new together need address space, or commit charge on Windows, for both;
// pages of the new one that nothing has touched yet take no memory.
func (s *State) reserve(arena, scratch int64) error {
	wider, err := s.wider(s.arena, arena)
	if err != nil {
		return fmt.Errorf("memory for activations: %w", err)
	}
	wide, err := s.wider(s.scratch, scratch)
	if err != nil {
		if wider != s.arena {
			err = errors.Join(err, wider.Free())
		}
		return fmt.Errorf("scratch memory: %w", err)
	}
	old := []device.Buffer{s.arena, s.scratch}
	s.arena, s.scratch = wider, wide
	for i, b := range []device.Buffer{wider, wide} {
		if b == old[i] {
			continue
		}
		s.generation++
		if old[i] != nil {
			err = errors.Join(err, old[i].Free())
		}
	}
	return err
}

// wider is b if it has the size, else a new buffer.
func (s *State) wider(b device.Buffer, bytes int64) (device.Buffer, error) {
	if b != nil && b.Bytes() >= bytes {
		return b, nil
	}
	return newBuffer(s.dev, max(bytes, 64))
}

// newBuffer is the device's, with an error that says how much was asked.
func newBuffer(dev device.Device, bytes int64) (device.Buffer, error) {
	b, err := dev.NewBuffer(bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %d bytes (%.1f MB) on %s: %w", ErrMemory, bytes, float64(bytes)/1e6, dev.Name(), err)
	}
	return b, nil
}

// checkHost checks the type and length of host memory against a tensor.
func checkHost(t *device.Tensor, host any) error {
	var n int
	var dt device.DType
	switch h := host.(type) {
	case []float32:
		n, dt = len(h), device.Float32
	case []float64:
		n, dt = len(h), device.Float64
	case []int64:
		n, dt = len(h), device.Int64
	default:
		return fmt.Errorf("%w: a %T, want []%v", ErrValue, host, t.DType)
	}
	if dt != t.DType || n != t.Elements() {
		return fmt.Errorf("%w: %d elements of %v, want %d of %v for shape %v", ErrValue, n, dt, t.Elements(), t.DType, t.Shape)
	}
	return nil
}
