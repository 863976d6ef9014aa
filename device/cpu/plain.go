package cpu

import (
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

// plainKernel runs a step through device/ref, converting operands that are not
// row-major float32 before and after.
type plainKernel struct {
	d        *Device
	step     *device.Step
	in, out  []device.Memory
	hostIn   []any // canonical elements: the memory itself if it is row-major, else a copy
	hostOut  []any
	parallel *job // for the convolutions
}

func (d *Device) bindPlain(s *device.Step, in, out []device.Memory) (device.Kernel, error) {
	k := &plainKernel{d: d, step: s, in: in, out: out}
	for i, t := range s.In {
		k.hostIn = append(k.hostIn, d.canonical(t, in[i]))
	}
	for i, t := range s.Out {
		h := d.canonical(t, out[i])
		// an output in place of an input of its layout shares its canonical elements too
		for j, p := range in {
			if p == out[i] && s.In[j].Elements() == t.Elements() && d.layoutOf(s.In[j]) == d.layoutOf(t) && s.In[j].Storage() == t.Storage() {
				h = k.hostIn[j]
			}
		}
		k.hostOut = append(k.hostOut, h)
	}
	k.parallel = d.plainConv(k)
	return k, nil
}

// canonical is the tensor's memory as row-major elements, or separate host memory if its
// layout or storage type is another.
func (d *Device) canonical(t *device.Tensor, m device.Memory) any {
	n := t.Elements()
	switch t.DType {
	case device.Float64:
		return span[float64](m, n)
	case device.Int64:
		return span[int64](m, n)
	}
	if d.isCanonical(t) {
		return f32(m, n)
	}
	return make([]float32, n)
}

// rowMajor reports whether the layout is the canonical elements in order, without padding
// between them.
func (d *Device) rowMajor(t *device.Tensor) bool {
	l := d.layoutOf(t)
	return l == plain || l == rows && t.Shape[len(t.Shape)-1]%lanes == 0
}

// isCanonical reports whether a float32 tensor's memory is its canonical elements.
func (d *Device) isCanonical(t *device.Tensor) bool {
	return d.rowMajor(t) && t.Storage() == device.Float32
}

// Run converts, computes, converts back.
func (k *plainKernel) Run() {
	for i, t := range k.step.In {
		if h, ok := k.hostIn[i].([]float32); ok && !k.d.isCanonical(t) {
			k.d.read(t, k.in[i], h, &k.d.working)
		}
	}
	if h, ok := k.hostOut[0].([]float32); ok && k.step.Accumulate && !k.d.isCanonical(k.step.Out[0]) {
		k.d.read(k.step.Out[0], k.out[0], h, &k.d.working)
	}
	if k.parallel != nil {
		k.d.pool.run(k.parallel)
	} else if err := ref.Run(k.step, k.hostIn, k.hostOut); err != nil {
		panic(err)
	}
	for i, t := range k.step.Out {
		if h, ok := k.hostOut[i].([]float32); ok && !k.d.isCanonical(t) {
			k.d.write(t, k.out[i], h, &k.d.working)
		}
	}
}

// plainConv is the job of a plain convolution without bias or activation, in the units of
// device/ref; nil for other steps.
func (d *Device) plainConv(k *plainKernel) *job {
	switch k.hostOut[0].(type) {
	case []float32:
		return convJob[float32](d, k)
	case []float64:
		return convJob[float64](d, k)
	}
	return nil
}

func convJob[T ref.Float](d *Device, k *plainKernel) *job {
	a, ok := k.step.Attr.(device.ConvAttr)
	if !ok || a.Bias || a.Act != device.None || k.step.Accumulate && k.step.Kind == device.Conv2DGradWeight {
		return nil
	}
	g := a.Conv2D
	x, w, y := k.hostIn[0].([]T), k.hostIn[1].([]T), k.hostOut[0].([]T)
	scratch := make([][]T, d.pool.workers)
	for i := range scratch {
		scratch[i] = make([]T, ref.Conv2DScratch(g))
	}
	switch k.step.Kind {
	case device.Conv2D:
		return &job{pieces: ref.Conv2DUnits(g), do: func(worker, u int) { ref.Conv2D(g, x, w, y, u, u+1, scratch[worker]) }}
	case device.Conv2DGradInput:
		acc := k.step.Accumulate
		return &job{pieces: ref.Conv2DGradInputUnits(g), do: func(worker, u int) { ref.Conv2DGradInput(g, x, w, y, acc, u, u+1, scratch[worker]) }}
	case device.Conv2DGradWeight:
		return &job{pieces: ref.Conv2DGradWeightUnits(g), do: func(worker, u int) { ref.Conv2DGradWeight(g, x, w, y, u, u+1, scratch[worker]) }}
	}
	return nil
}
