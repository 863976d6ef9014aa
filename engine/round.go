package engine

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// round decides how values are stored under Spec.Precision BFloat16, by these rules:
//
//   - Features, which are images, the activations of layers and their gradients, are stored
//     as bfloat16, and so is the copy of a weight that a product reads.
//   - All else is stored in its own type: slots, parameters, their gradients and updates,
//     statistics of channels, scores of classes and their gradients, scalars, outputs of at
//     most two axes, constants, and operands and results of foreign operators.
//   - Results of elementwise steps and Reshape are stored as their operands are.
//
// Kernels round where they store and nowhere else, so fused steps round less than their
// parts would. Four fusions make a difference, so two devices whose numbers should agree must
// both have them: a bias added within its product, a residual added within its
// batch normalisation, a gradient summed by the product that accumulates it, and an activation
// other than ReLU, or its gradient, within the step beside it. A ReLU, or its mask on a
// gradient, commutes with rounding. Statistics are those of the stored values:
// a kernel that takes them from a product's results before it stores these has to round first.
func (b *builder) round() {
	if b.spec.Precision != device.BFloat16 {
		return
	}
	exact := b.exact()
	half := func(t *device.Tensor) {
		if t.DType == device.Float32 && !t.Param && !exact[t] {
			t.Stored = device.BFloat16
		}
	}
	for _, n := range b.spec.Inputs {
		if t := b.of[n]; t != nil && len(t.Shape) >= 2 {
			half(t)
		}
	}
	for _, s := range b.steps {
		for i, t := range s.Out {
			switch result := s.Kind.Result(i); {
			case b.into[s] != nil:
				t.Stored = b.into[s].Stored
			case moves(s):
				if slices.ContainsFunc(s.In, func(in *device.Tensor) bool { return in.Stored == device.BFloat16 }) {
					half(t)
				}
			case result == device.Features:
				half(t)
			}
		}
	}
	b.castWeights()
}

// moves reports whether a step's results are values of its operands, or of one element of
// each.
func moves(s *device.Step) bool {
	return s.Kind == device.Reshape || s.Kind.Result(0) == device.Alike
}

// exact are the activations that keep their own type because of the steps that read or make
// them.
func (b *builder) exact() map[*device.Tensor]bool {
	exact := map[*device.Tensor]bool{}
	for _, n := range b.spec.Outputs {
		if t := b.of[n]; len(t.Shape) <= 2 {
			exact[t] = true
		}
	}
	for _, s := range b.steps {
		for i, t := range s.In {
			exact[t] = exact[t] || s.Kind == device.Host || s.Kind.Operand(i) == device.Scores
		}
		for i, t := range s.Out {
			exact[t] = exact[t] || s.Kind == device.Host || s.Kind.Result(i) == device.Scores
		}
	}
	for _, s := range slices.Backward(b.steps) { // and operands whose values reach such a tensor unchanged
		if !exact[s.Out[0]] {
			continue
		}
		if base := b.into[s]; base != nil {
			exact[base] = true
		}
		if moves(s) {
			for _, t := range s.In {
				exact[t] = true
			}
		}
	}
	return exact
}

// castWeights makes products read copies of their weights that are stored as bfloat16. Copies
// of slots are made by the program's first step, those of computed weights by a step after the
// one that computes the weight.
func (b *builder) castWeights() {
	copies := map[*device.Tensor]*device.Tensor{}
	first := &device.Step{Kind: device.Cast, Path: "weights"}
	u := b.uses()
	var steps []*device.Step
	made := map[*device.Step][]*device.Step{}
	for _, s := range b.steps {
		for i, w := range s.In {
			if s.Kind.Operand(i) != device.Weight || w.Storage() != device.Float32 {
				continue
			}
			c := copies[w]
			if c == nil {
				c = b.newTensor(w.Shape, w.DType, device.Activation, w.Name)
				c.Param, c.Stored = w.Param, device.BFloat16
				copies[w] = c
				if p := u.producer[w]; p != nil {
					made[p] = append(made[p], &device.Step{Kind: device.Cast, Path: s.Path, In: []*device.Tensor{w}, Out: []*device.Tensor{c}})
				} else {
					first.In, first.Out = append(first.In, w), append(first.Out, c)
				}
			}
			s.In[i] = c
		}
	}
	if len(first.In) > 0 {
		steps = append(steps, first)
	}
	for _, s := range b.steps {
		steps = append(append(steps, s), made[s]...)
	}
	b.steps = steps
}
