package device

import "iter"

// Kind is the operation of a step.
type Kind uint8

// Kinds of step, as operands → results; an operand in brackets is present if the attribute
// field of the same name is set. The other properties of a kind are in its row of the table
// in kindtable.go; its meaning is the kernel in device/ref.
const (
	// Host runs the Do of a foreign Gorgonia operator on the host. The engine
	// does it; devices never see this kind.
	Host Kind = iota
	// Group is several steps of one kind as one. It has their operands and results.
	Group // GroupAttr

	Conv2D           // x, w, [bias] → y                      ConvAttr
	Conv2DGradInput  // dy, w → dx                            ConvAttr; may accumulate
	Conv2DGradWeight // x, dy → dw                            ConvAttr; may accumulate
	BiasAdd          // x [N, C, …], b [C] → y                BiasAttr
	ChannelSum       // x [N, C, …] → [C]: a bias's gradient; may accumulate

	BatchNormStats         // x → stats [2, C]: mean, biased variance
	BatchNormPack          // mean [C], variance [C] → stats [2, C]
	BatchNormApply         // x, stats, γ, β, [residual] → y           BatchNormAttr
	BatchNormGradStats     // x, dy, stats, [y or γ, β] → [2, C]: Σdy, Σdy·x̂    BatchNormAttr
	BatchNormGradInput     // x, dy, γ, stats, gradStats, [y or β] → dx         BatchNormAttr; training
	BatchNormEvalGradInput // dy, γ, stats, [y or x, β] → dx = dy·γ/√(var+ε)    BatchNormAttr; statistics are constants
	Row                    // x [R, C] → [C]                           RowAttr
	RunningStat            // running [C], stats [2, C] → running'     RunningStatAttr
	BatchNormUpdate        // x, mean [C], variance [C] → stats [2, C], mean', variance': BatchNormStats and both RunningStats   BatchNormUpdateAttr

	Activate     // x → y = act(x)                            ActAttr
	ActivateGrad // y where Act.GradOfOutput, else x; dy → dx ActAttr
	Add          // x, y → x + y                              AddAttr

	MaxPool             // x → y                              PoolAttr
	MaxPoolGrad         // x, dy → dx: to the first maximum of each window   PoolAttr
	AvgPool             // x → y                              PoolAttr
	AvgPoolGrad         // dy → dx                            PoolAttr
	AdaptiveAvgPool     // x → y                              AdaptivePoolAttr
	AdaptiveAvgPoolGrad // dy → dx                            AdaptivePoolAttr

	Linear           // x [N, K], w [O, K], [bias] → y [N, O] LinearAttr
	LinearGradInput  // dy, w → dx; may accumulate
	LinearGradWeight // x, dy → dw
	LinearUpdate     // x, dy, w, v, lr → w', v': LinearGradWeight and SGD in one pass, in place   SGDAttr; v absent without momentum

	Dropout // x, rng [2]int64 → y = x·mask/(1-p)             DropoutAttr
	Reshape // x → y: the same elements in canonical order
	Cast    // w… → w'…: each result is its operand, stored as another type
	Scale   // x, s (scalar) → s·x

	Softmax                 // logits [N, K] → probabilities
	SoftmaxCrossEntropy     // logits [N, K], target → mean loss (scalar)    CrossEntropyAttr
	SoftmaxCrossEntropyGrad // logits, target, dloss (scalar) → dlogits      CrossEntropyAttr
	ArgMax                  // logits [N, K] → [N]int64, the first maximum
	ClassificationLoss      // logits, target, dloss (scalar) → mean loss (scalar), dlogits, [N]int64: the three before at once   CrossEntropyAttr

	SGDVelocity // v, g, w → v' = momentum·v + g + decay·w      SGDAttr
	SGDWeight   // w, v', lr, [g where Nesterov] → w'           SGDAttr; without momentum: w, g, lr → w' = w - lr·(g + decay·w)
	SGD         // w, v, g, lr → w', v': both at once, in place SGDAttr; without momentum: w, g, lr → w'

	Lerp       // x, y → x + Weight·(y - x)                   LerpAttr
	SquareLerp // x, y → (1-Weight)·x + Weight·y²             LerpAttr
	AdamWeight // w, m, v, lr, step (scalars) → w'            AdamAttr
	LionWeight // w, m, g, lr (scalar) → w'                   LionAttr
	SumSquares // x, … → Σx² over all of them (scalar), summed in float64 in any fixed order

	numKinds
)

// Kinds are all kinds of step.
func Kinds() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for k := range numKinds {
			if !yield(k) {
				return
			}
		}
	}
}

// row is the kind's row of the table; an unknown kind has an empty one.
func (k Kind) row() *row {
	if k < numKinds {
		return &table[k]
	}
	return &row{name: "Kind(?)"}
}

// String is the kind's name, as in Go.
func (k Kind) String() string { return k.row().name }

// Attr is the zero value of the attribute struct that a step of the kind has, or nil.
func (k Kind) Attr() any { return k.row().attr }

// Operand is the class of operand i, from 0, of a step of the kind.
func (k Kind) Operand(i int) Operand { return of(k.row().in, i) }

// Result is the class of result i, from 0, of a step of the kind.
func (k Kind) Result(i int) Operand { return of(k.row().out, i) }

// of is entry i of a list, whose last entry is valid for all after it.
func of(list []Operand, i int) Operand {
	if len(list) == 0 {
		return Any
	}
	return list[min(i, len(list)-1)]
}

// Elementwise reports whether an element of the results depends only on the same element of
// the operands and on scalars: such a step may run over any layout, padding included,
// that its operands share.
func (k Kind) Elementwise() bool { return k.row().elementwise }

// Update reports whether the kind makes the new value of a slot, which is written over
// the old one once that has been read for the last time.
func (k Kind) Update() bool { return k.row().update }

// Accumulates reports whether a step of the kind may have Accumulate set; a device may
// still refuse.
func (k Kind) Accumulates() bool { return k.row().accumulates }

// Overwrites lists pairs {result, operand}: the result may be written over the operand's
// memory while the step runs, if the step has both and they have the same layout. A device
// may support fewer pairs. The list must not be changed.
func (k Kind) Overwrites() [][2]int { return k.row().overwrites }

// Fused reports whether only the engine's passes make steps of the kind, out of steps of
// other kinds: a graph has none.
func (k Kind) Fused() bool { return k.row().fused }

// Activates reports whether a step of the kind may end in an activation function: its
// attribute is Activated.
func (k Kind) Activates() bool { return k.row().activates }

// Gradient reports whether the kind is differentiable or computes a gradient, so that tests
// must check it by finite differences. It is false for updates, fused kinds, and kinds
// through which no gradient passes, such as ArgMax.
func (k Kind) Gradient() bool {
	return k != Host && !k.Update() && !k.Fused() && !k.row().constant
}

// Pools reports whether the kind reduces maps over windows.
func (k Kind) Pools() bool { return k.row().pools }

// FLOPs is the number of floating-point operations of a step: two for each multiplication
// and addition of a product, one for each element of the first result of other kinds.
func (s *Step) FLOPs() (sum int64) {
	if g, ok := s.Attr.(GroupAttr); ok {
		for _, part := range g.Steps {
			sum += part.FLOPs()
		}
		return sum
	}
	if f := s.Kind.row().flops; f != nil {
		return f(s)
	}
	return int64(s.Out[0].Elements())
}
