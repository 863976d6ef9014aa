package engine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// outputs is the program's buffer of all outputs, small ones first. A run ends with one copy
// of all small ones to the host's memory; large ones are copied when they are read.
type outputs struct {
	buffer  device.Buffer
	staging device.Buffer // nil if all are read from the buffer
	small   int64         // bytes
}

func (o *outputs) allocate(b *builder, m *memoryPlan) (err error) {
	if m.outputs == 0 {
		return nil
	}
	if o.buffer, err = newBuffer(b.dev, m.outputs); err != nil {
		return err
	}
	if u, ok := b.dev.(device.Unifier); ok && u.Unified() || m.small == 0 {
		return nil
	}
	o.small = m.small
	o.staging, err = newStaging(b.dev, m.small)
	return err
}

// fetch enqueues the copy of the small outputs.
func (o *outputs) fetch(dev device.Device) error {
	if o.staging == nil {
		return nil
	}
	return dev.Copy(device.Memory{Buffer: o.staging}, device.Memory{Buffer: o.buffer}, o.small)
}

func (o *outputs) free() error { return freeAll(o.buffer, o.staging) }

// Read waits for the program's last run and copies an output's value to host, a slice in
// canonical order. The value stays until the program starts again, even when other programs
// run. Before the first run and after a failed one, Read is an error.
func (p *Program) Read(n *G.Node, host any) error {
	if p.closed || p.state.closed {
		return fmt.Errorf("engine: %s: %w", p.spec.Name, ErrClosed)
	}
	if !slices.Contains(p.spec.Outputs, n) {
		return fmt.Errorf("engine: %s: %w: %v is not an output", p.spec.Name, ErrValue, n)
	}
	settle(p.dev)
	if !p.ran {
		if err := p.Wait(); err != nil {
			return err
		}
		return fmt.Errorf("engine: %s: %w: nothing to read before a run", p.spec.Name, ErrRun)
	}
	t := p.tensors[n]
	if err := checkHost(t, host); err != nil {
		return fmt.Errorf("engine: %s: output %s: %w", p.spec.Name, n.Name(), err)
	}
	at := p.memory(t)
	if at.Buffer == p.outputs.buffer && at.Offset < p.outputs.small {
		at.Buffer = p.outputs.staging
	}
	if err := p.dev.Download(t, at, host); err != nil {
		return fmt.Errorf("engine: %s: output %s: %w", p.spec.Name, n.Name(), err)
	}
	return nil
}
