package engine_test

import (
	"fmt"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/op"
)

// summed is x summed over axes, and which element of the sum each element of x goes to.
func summed(x []float64, shape, along []int) (sums []float64, to []int) {
	place := map[string]int{}
	for i, v := range x {
		key := ""
		rest := i
		for a := len(shape) - 1; a >= 0; a-- {
			if !slices.Contains(along, a) {
				key = fmt.Sprintf("%03d %s", rest%shape[a], key)
			}
			rest /= shape[a]
		}
		if _, ok := place[key]; !ok {
			place[key] = len(sums)
			sums = append(sums, 0)
		}
		sums[place[key]] += v
		to = append(to, place[key])
	}
	return sums, to
}

// TestSums compares Gorgonia's Sum and Mean, and their gradients, with the definition: its
// own machine sums wrongly over middle axes.
func TestSums(t *testing.T) {
	for _, shape := range [][]int{{5}, {3, 4}, {2, 3, 4}, {20, 3, 4, 2}} {
		for bits := 1; bits < 1<<len(shape); bits++ {
			var along []int
			for a := range shape {
				if bits>>a&1 == 1 {
					along = append(along, a)
				}
			}
			t.Run(fmt.Sprint(shape, along), func(t *testing.T) {
				for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
					m := newMix(t, dt)
					x := m.leaf("slot", "x", 1, shape...)
					values := optest.Floats(x.Value())
					want, to := summed(values, shape, along)
					n := float64(len(values) / len(want))
					m.gradient("sum", m.want("sum", m.must(G.Sum(x, along...)), nil), x)
					m.want("mean", m.must(G.Mean(x, along...)), nil)
					outputs, assigned := m.engine(device.Options{Threads: 1}, false)
					var mean, gradient []float64
					for _, v := range want {
						mean = append(mean, v/n)
					}
					for i := range values {
						gradient = append(gradient, optest.Uniform(7, uint64(to[i])))
					}
					for i, w := range [][]float64{want, gradient, mean} {
						same(t, m.names[i], outputs[i], w, dt)
						same(t, m.names[i]+", assigned", assigned[i], w, dt)
					}
				}
			})
		}
	}
}

// TestBroadcastGradients compares the gradient of a gate of channels, which Gorgonia makes
// of sums over middle axes, with the definition.
func TestBroadcastGradients(t *testing.T) {
	m := newMix(t, tensor.Float64)
	x, gate, scale := m.leaf("input", "x", 1, 2, 5, 3, 4), m.leaf("slot", "gate", 2, 2, 5), m.leaf("slot", "scale", 3, 5)
	y := m.must(G.BroadcastHadamardProd(x, m.must(op.Reshape("gate", gate, tensor.Shape{2, 5, 1, 1})), nil, []byte{2, 3}))
	z := m.must(G.BroadcastAdd(y, m.must(op.Reshape("scale", scale, tensor.Shape{1, 5, 1, 1})), nil, []byte{0, 2, 3}))
	m.gradient("gate", z, gate, scale)
	outputs, _ := m.engine(device.Options{Threads: 1}, false)
	values := optest.Floats(x.Value())
	wantGate, wantScale := make([]float64, 10), make([]float64, 5)
	for i, v := range values {
		weight := optest.Uniform(7, uint64(i))
		wantGate[i/12] += weight * v
		wantScale[i/12%5] += weight
	}
	same(t, "gate", outputs[0], wantGate, tensor.Float64)
	same(t, "scale", outputs[1], wantScale, tensor.Float64)
}
