package engine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// input is a leaf that gets its value from the host.
type input struct {
	tensor *device.Tensor
	offset int64
	bound  bool // it has a value
	staged bool // the value is still in staging memory
	scalar [1]float32
	double [1]float64
}

// inputs is the buffer of all inputs. Bind writes values to staging memory, in the same order
// and in the device's layout; one copy moves them from there when a run starts. On a device
// that works in the host's memory Bind writes them straight to their places unless a run is
// pending, and staging memory is made when it is first needed.
type inputs struct {
	dev     device.Device
	unified bool
	of      map[*G.Node]*input
	list    []*input // by offset
	buffer  device.Buffer
	// The values of the next run are in one of the two; the pending run may still read the
	// other. A unified device needs one, since its copies are done at once.
	staging [2]device.Buffer
	turn    int
}

// allocate takes the buffer for the inputs that the steps or outputs of b need.
func (in *inputs) allocate(b *builder) (err error) {
	in.dev, in.of = b.dev, map[*G.Node]*input{}
	if u, ok := b.dev.(device.Unifier); ok {
		in.unified = u.Unified()
	}
	bytes := int64(0)
	for _, n := range b.spec.Inputs {
		t := b.inputs[n]
		if t == nil || in.of[n] != nil { // nothing needs it, or it is listed twice
			continue
		}
		in.of[n] = &input{tensor: t, offset: bytes}
		in.list = append(in.list, in.of[n])
		bytes += b.dev.Bytes(t)
	}
	if bytes == 0 {
		return nil
	}
	if in.buffer, err = newBuffer(b.dev, bytes); err != nil || in.unified {
		return err
	}
	for i := range in.staging {
		if in.staging[i], err = newStaging(b.dev, bytes); err != nil {
			return err
		}
	}
	return nil
}

// memory is the place from which steps read an input.
func (in *inputs) memory(t *device.Tensor) device.Memory {
	i := slices.IndexFunc(in.list, func(i *input) bool { return i.tensor == t })
	return device.Memory{Buffer: in.buffer, Offset: in.list[i].offset}
}

// set gives an input its value for the next run.
func (in *inputs) set(i *input, host any) error {
	i.staged = !in.unified || isPending(in.dev)
	if i.staged && in.staging[in.turn] == nil {
		var err error
		if in.staging[in.turn], err = newStaging(in.dev, in.buffer.Bytes()); err != nil {
			settle(in.dev) // does without
			i.staged = false
		}
	}
	at := device.Memory{Buffer: in.buffer, Offset: i.offset}
	if i.staged {
		at.Buffer = in.staging[in.turn]
	}
	i.bound = false
	if err := in.dev.Upload(i.tensor, at, host); err != nil {
		return err
	}
	i.bound = true
	return nil
}

// flush copies the staged values to their places, adjacent ones in one copy. After an error
// all of them are still staged.
func (in *inputs) flush() error {
	copied := false
	for i := 0; i < len(in.list); {
		from := i
		for i < len(in.list) && in.list[i].staged {
			i++
		}
		if i == from {
			i++
			continue
		}
		copied = true
		begin, last := in.list[from].offset, in.list[i-1]
		end := last.offset + in.dev.Bytes(last.tensor)
		dst := device.Memory{Buffer: in.buffer, Offset: begin}
		if err := in.dev.Copy(dst, device.Memory{Buffer: in.staging[in.turn], Offset: begin}, end-begin); err != nil {
			return fmt.Errorf("inputs: %w", err)
		}
	}
	for _, i := range in.list {
		i.staged = false
	}
	if copied && !in.unified {
		in.turn = 1 - in.turn
	}
	return nil
}

// unbound is the name of an input that Bind has not given a value.
func (in *inputs) unbound() (name string, found bool) {
	for _, i := range in.list {
		if !i.bound {
			return i.tensor.Name, true
		}
	}
	return "", false
}

func (in *inputs) free() error {
	return freeAll(in.buffer, in.staging[0], in.staging[1])
}

// Bind gives an input its value for the runs that start from now on: a slice in canonical
// order, or a float32 or float64 for a scalar. The slice may be reused when Bind returns. A
// run that is pending keeps the values that it started with, and Bind does not wait for it.
func (p *Program) Bind(n *G.Node, host any) error {
	if p.closed {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, ErrClosed)
	}
	in, ok := p.inputs.of[n]
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
	if err := p.inputs.set(in, host); err != nil {
		return fmt.Errorf("engine: %s: input %s: %w", p.spec.Name, n.Name(), err)
	}
	return nil
}
