//go:build amd64 && !noasm && !purego

package cpu

import (
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

// loss runs the steps on logits [N, K], which are small, by device/ref on copies without
// padding.
type loss struct {
	n, k, row int
	from      []float32 // the logits in padded rows
	logits    []float32
	gradient  []float32
	target    ref.Target[float32]
	soft      []float32 // the target's probabilities in padded rows, or nil
}

func (d *Device) bindLoss(s *device.Step, in, out []device.Memory) device.Kernel {
	l := d.newLoss(s, in)
	var do func()
	switch s.Kind {
	case device.Softmax:
		y := f32(out[0], l.n*l.row)
		do = func() {
			ref.Softmax(l.k, l.logits, l.logits, 0, l.n)
			l.spread(y, l.logits)
		}
	case device.ArgMax:
		do = l.classes(out[0])
	case device.SoftmaxCrossEntropy:
		do = l.mean(out[0])
	case device.SoftmaxCrossEntropyGrad:
		do = l.gradients(in[2], out[0])
	default:
		mean, gradients, classes := l.mean(out[0]), l.gradients(in[2], out[1]), l.classes(out[2])
		do = func() { mean(); gradients(); classes() }
	}
	return d.jobs(&job{pieces: 1, do: func(int, int) { l.gather(); do() }})
}

func (d *Device) newLoss(s *device.Step, in []device.Memory) *loss {
	n, k := s.In[0].Shape[0], s.In[0].Shape[1]
	l := &loss{n: n, k: k, row: padded(k), logits: make([]float32, n*k)}
	l.from = f32(in[0], n*l.row)
	a, ok := s.Attr.(device.CrossEntropyAttr)
	if !ok {
		return l
	}
	l.target.Smoothing = a.Smoothing
	if s.In[1].DType == device.Int64 {
		l.target.Labels = span[int64](in[1], n)
	} else {
		l.soft, l.target.Probabilities = f32(in[1], n*l.row), make([]float32, n*k)
	}
	return l
}

// gather copies the operands out of their padded rows.
func (l *loss) gather() {
	for i := range l.n {
		copy(l.logits[i*l.k:(i+1)*l.k], l.from[i*l.row:])
		if l.soft != nil {
			copy(l.target.Probabilities[i*l.k:(i+1)*l.k], l.soft[i*l.row:])
		}
	}
}

// spread copies rows to padded rows.
func (l *loss) spread(to, rows []float32) {
	for i := range l.n {
		row := to[i*l.row : (i+1)*l.row]
		clear(row[copy(row, rows[i*l.k:(i+1)*l.k]):])
	}
}

func (l *loss) mean(out device.Memory) func() {
	y := f32(out, 1)
	return func() { y[0] = ref.SoftmaxCrossEntropy(l.n, l.k, l.logits, l.target) }
}

func (l *loss) gradients(dloss, out device.Memory) func() {
	scale, y := f32(dloss, 1), f32(out, l.n*l.row)
	l.gradient = make([]float32, l.n*l.k)
	return func() {
		ref.SoftmaxCrossEntropyGrad(l.n, l.k, l.logits, l.target, scale[0], l.gradient, 0, l.n)
		l.spread(y, l.gradient)
	}
}

func (l *loss) classes(out device.Memory) func() {
	y := span[int64](out, l.n)
	return func() { ref.ArgMax(l.k, l.logits, y, 0, l.n) }
}
