package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// State owns the values that programs keep between runs, on one device: slots, which are
// parameters, running statistics and an optimizer's values, by name. It also owns the working
// memory that its programs and those of its clones share. It is not safe for concurrent use.
type State struct {
	dev   device.Device
	slots map[string]*slot
	names []string

	work   *workspace // shared with clones
	closed bool
}

type slot struct {
	tensor  device.Tensor
	buffer  device.Buffer
	version uint64
	broken  bool // the value is undefined since a fault
}

// NewState returns a State without slots.
func NewState(dev device.Device) *State {
	return newState(dev, &workspace{dev: dev})
}

func newState(dev device.Device, work *workspace) *State {
	work.users++
	return &State{dev: dev, slots: map[string]*slot{}, work: work}
}

// Add makes a slot. host is its first value in canonical row-major order, []float32,
// []float64 or []int64 by dt, or nil for zeros. A name already in use is an error.
func (s *State) Add(name string, shape []int, dt device.DType, host any) error {
	if s.closed {
		return fmt.Errorf("engine: slot %s: %w", name, ErrClosed)
	}
	if s.slots[name] != nil {
		return fmt.Errorf("engine: %w: %s exists already", ErrSlot, name)
	}
	n := &slot{tensor: device.Tensor{Shape: slices.Clone(shape), DType: dt, Role: device.Slot, Param: true, Name: name}}
	if host != nil {
		if err := checkHost(&n.tensor, host); err != nil {
			return fmt.Errorf("engine: slot %s: %w", name, err)
		}
	}
	if dt == device.BFloat16 {
		return fmt.Errorf("engine: slot %s: %w: a slot of %v; want float32, float64 or int64", name, ErrValue, dt)
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

// Version counts the changes of a slot's value; 0 for an unknown slot.
func (s *State) Version(name string) uint64 {
	if n := s.slots[name]; n != nil {
		return n.version
	}
	return 0
}

// Write waits for a pending run and sets a slot from host memory in canonical order.
func (s *State) Write(name string, host any) error {
	n, err := s.lookup(name, host)
	if err != nil {
		return err
	}
	n.version++
	n.broken = true
	if err := s.dev.Upload(&n.tensor, device.Memory{Buffer: n.buffer}, host); err != nil {
		return fmt.Errorf("engine: slot %s: %w", name, err)
	}
	n.broken = false
	return nil
}

// Read waits for a pending run and copies a slot to host memory in canonical order. The error
// is ErrBroken if a failed run has left the slot undefined.
func (s *State) Read(name string, host any) error {
	n, err := s.lookup(name, host)
	if err != nil {
		return err
	}
	if n.broken {
		return fmt.Errorf("engine: %w: %s", ErrBroken, name)
	}
	if err := s.dev.Download(&n.tensor, device.Memory{Buffer: n.buffer}, host); err != nil {
		return fmt.Errorf("engine: slot %s: %w", name, err)
	}
	return nil
}

// Broken lists the slots that a failed run has left undefined, in the order of Names.
func (s *State) Broken() (names []string) {
	settle(s.dev)
	for _, name := range s.names {
		if s.slots[name].broken {
			names = append(names, name)
		}
	}
	return names
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
	settle(s.dev)
	return n, nil
}

// Clone waits for a pending run and copies the named slots, or all if none is named, into
// another State on the same device. The programs of both States share their working memory and
// run one at a time.
func (s *State) Clone(names ...string) (*State, error) {
	if s.closed {
		return nil, fmt.Errorf("engine: clone: %w", ErrClosed)
	}
	settle(s.dev)
	if len(names) == 0 {
		names = s.names
	}
	c := newState(s.dev, s.work)
	for _, name := range names {
		if err := c.copySlot(name, s.slots[name]); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// copySlot adds a copy of another State's slot.
func (s *State) copySlot(name string, from *slot) error {
	if from == nil {
		return fmt.Errorf("engine: clone: %w: %s", ErrSlot, name)
	}
	if err := s.Add(name, from.tensor.Shape, from.tensor.DType, nil); err != nil {
		return err
	}
	to := device.Memory{Buffer: s.slots[name].buffer}
	if err := s.dev.Copy(to, device.Memory{Buffer: from.buffer}, from.buffer.Bytes()); err != nil {
		return fmt.Errorf("engine: slot %s: %w", name, err)
	}
	s.slots[name].broken = from.broken
	return nil
}

// Close waits for a pending run and frees the slots, and the working memory unless a clone
// still uses it. Programs over the State fail afterwards with ErrClosed.
func (s *State) Close() error {
	if s.closed {
		return nil
	}
	settle(s.dev)
	s.closed = true
	var slots []device.Buffer
	for _, n := range s.slots {
		slots = append(slots, n.buffer)
	}
	return errors.Join(freeAll(slots...), s.work.release())
}

// freeAll frees the buffers that are not nil.
func freeAll(buffers ...device.Buffer) (err error) {
	for _, b := range buffers {
		if b != nil {
			err = errors.Join(err, b.Free())
		}
	}
	return err
}

// newBuffer is Device.NewBuffer with the size in its error.
func newBuffer(dev device.Device, bytes int64) (device.Buffer, error) {
	b, err := dev.NewBuffer(bytes)
	if err != nil {
		return nil, outOfMemory(dev, bytes, err)
	}
	return b, nil
}

// newStaging is newBuffer for the host's memory.
func newStaging(dev device.Device, bytes int64) (device.Buffer, error) {
	b, err := dev.NewStaging(bytes)
	if err != nil {
		return nil, outOfMemory(dev, bytes, err)
	}
	return b, nil
}

// outOfMemory is an ErrMemory with the size asked for and, if the device reports it, the free
// memory.
func outOfMemory(dev device.Device, bytes int64, err error) error {
	there := ""
	if r, ok := dev.(device.MemoryReporter); ok {
		if free, ok := r.FreeMemory(); ok {
			there = fmt.Sprintf(", of which %.1f MB are free", float64(free)/1e6)
		}
	}
	return fmt.Errorf("%w: %d bytes (%.1f MB) on %s%s: %w", ErrMemory, bytes, float64(bytes)/1e6, dev.Name(), there, err)
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
