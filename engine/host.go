package engine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

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

func newHostKernel(dev device.Device, o G.Op, s *device.Step, in []device.Memory, out device.Memory) (device.Kernel, error) {
	k := &hostKernel{dev: dev, op: o, step: s, in: in, out: out}
	for _, t := range s.In {
		k.host = append(k.host, newHost(t))
	}
	return k, nil
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

// newHost makes host memory for a tensor.
func newHost(t *device.Tensor) any {
	switch t.DType {
	case device.Float32:
		return make([]float32, t.Elements())
	case device.Float64:
		return make([]float64, t.Elements())
	}
	return make([]int64, t.Elements())
}

// valueOf wraps host memory as a Gorgonia value: a scalar for an empty shape.
func valueOf(host any, shape []int) G.Value {
	if len(shape) == 0 {
		switch h := host.(type) {
		case []float32:
			return G.NewF32(h[0])
		case []float64:
			return G.NewF64(h[0])
		case []int64:
			return G.NewI64(h[0])
		}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(host))
}
