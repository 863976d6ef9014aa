package engine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
)

// hostKernel runs the Do of a foreign operator on the host.
type hostKernel struct {
	dev  device.Device
	op   G.Op
	step *device.Step
	in   []device.Memory
	out  device.Memory
	host []any
}

func newHostKernel(dev device.Device, o G.Op, s *device.Step, in []device.Memory, out device.Memory, m hostMemory) device.Kernel {
	k := &hostKernel{dev: dev, op: o, step: s, in: in, out: out}
	for i, t := range s.In {
		k.host = append(k.host, m.of(i, t))
	}
	return k
}

// hostMemory holds the operands of foreign operators on the host, by the operand's index and
// type. All operators share it, since they run one after the other: updates of every weight
// would otherwise take several times the memory of the weights.
type hostMemory map[hostOperand]any

type hostOperand struct {
	number int
	dt     device.DType
}

// newHostMemory is large enough for the operands of all foreign steps.
func newHostMemory(steps []*device.Step) hostMemory {
	most := map[hostOperand]*device.Tensor{}
	for _, s := range steps {
		if s.Kind != device.Host {
			continue
		}
		for i, t := range s.In {
			key := hostOperand{i, t.DType}
			if old := most[key]; old == nil || old.Elements() < t.Elements() {
				most[key] = t
			}
		}
	}
	m := hostMemory{}
	for key, t := range most {
		m[key] = newHost(t)
	}
	return m
}

// of is the memory for operand i, cut to the size of t.
func (m hostMemory) of(i int, t *device.Tensor) any {
	n := t.Elements()
	switch h := m[hostOperand{i, t.DType}].(type) {
	case []float32:
		return h[:n:n]
	case []float64:
		return h[:n:n]
	case []int64:
		return h[:n:n]
	}
	return nil
}

// Run panics with the operator's error, which the program reports.
func (k *hostKernel) Run() {
	values := make([]G.Value, len(k.in))
	for i, t := range k.step.In {
		if err := k.dev.Download(t, k.in[i], k.host[i]); err != nil {
			panic(err)
		}
		values[i] = valueOf(k.host[i], t.Shape)
	}
	v, err := k.op.Do(values...)
	if err != nil {
		panic(err)
	}
	if !slices.Equal([]int(v.Shape()), k.step.Out[0].Shape) {
		panic(fmt.Errorf("%w: %v gave shape %v, want %v", ErrValue, k.op, v.Shape(), k.step.Out[0].Shape))
	}
	host, _, err := hostData(v)
	if err == nil {
		err = k.dev.Upload(k.step.Out[0], k.out, host)
	}
	if err != nil {
		panic(err)
	}
}

// copyKernel copies a value into its slot.
type copyKernel struct {
	dev      device.Device
	dst, src device.Memory
	bytes    int64
}

func (k *copyKernel) Run() {
	if err := k.dev.Copy(k.dst, k.src, k.bytes); err != nil {
		panic(err)
	}
}
