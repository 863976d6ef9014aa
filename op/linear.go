package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/ref"
)

// product is the shape of y [n, o] = x [n, k] · wᵀ, w [o, k].
type product struct{ n, k, o int }

// Linear is torch.nn.functional.linear without bias: x [N, K] and w [O, K] give [N, O].
func Linear(path string, x, w *gorgonia.Node) (*gorgonia.Node, error) {
	c := newCheck(device.Linear, path)
	c.floats("input", x, 2)
	c.floats("weight", w, 2)
	c.like("weight", w, "input", x)
	if c.err == nil && x.Shape()[1] != w.Shape()[1] {
		c.errorf(ErrShape, "input %v has %d features, weight %v wants %d", dims(x), x.Shape()[1], dims(w), w.Shape()[1])
	}
	if c.err != nil {
		return nil, c.err
	}
	s := product{x.Shape()[0], x.Shape()[1], w.Shape()[0]}
	return apply(&operator{
		kind: device.Linear, attr: device.LinearAttr{}, path: path,
		out: x.Type(), shape: tensor.Shape{s.n, s.o},
		run:            kernels{linear[float32](s), linear[float64](s)},
		differentiable: []bool{true, true},
		grad: func(in gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
			dx, err := apply(&operator{
				kind: device.LinearGradInput, path: path,
				out: in[0].Type(), shape: tensor.Shape{s.n, s.k},
				run: kernels{linearGradInput[float32](s), linearGradInput[float64](s)},
			}, dy, in[1])
			if err != nil {
				return nil, err
			}
			dw, err := apply(&operator{
				kind: device.LinearGradWeight, path: path,
				out: in[1].Type(), shape: tensor.Shape{s.o, s.k},
				run: kernels{linearGradWeight[float32](s), linearGradWeight[float64](s)},
			}, in[0], dy)
			return gorgonia.Nodes{dx, dw}, err
		},
	}, x, w)
}

func linear[T ref.Float](s product) func(arguments[T]) error {
	return func(a arguments[T]) error {
		withScratch(ref.GemmScratch, func(scratch []T) {
			ref.Linear(s.n, s.k, s.o, a.floats[0], a.floats[1], a.out, 0, s.o, scratch)
		})
		return nil
	}
}

func linearGradInput[T ref.Float](s product) func(arguments[T]) error {
	return func(a arguments[T]) error {
		withScratch(ref.GemmScratch, func(scratch []T) {
			ref.LinearGradInput(s.n, s.k, s.o, a.floats[0], a.floats[1], a.out, false, 0, s.k, scratch)
		})
		return nil
	}
}

func linearGradWeight[T ref.Float](s product) func(arguments[T]) error {
	return func(a arguments[T]) error {
		withScratch(ref.GemmScratch, func(scratch []T) {
			ref.LinearGradWeight(s.n, s.k, s.o, a.floats[0], a.floats[1], a.out, 0, s.o, scratch)
		})
		return nil
	}
}
