package device

import "github.com/euryale-ml/euryale/geometry"

// Activated is the attribute of a kind that can end in an activation function.
type Activated interface {
	Activation() Act
	// WithActivation is the same attribute with another activation.
	WithActivation(Act) any
}

// ConvAttr belongs to the convolutions. Bias and Act are for the forward kind.
type ConvAttr struct {
	geometry.Conv2D
	Bias bool // a third input [O] is added
	Act  Act  // at the end
}

// BiasAttr belongs to BiasAdd.
type BiasAttr struct{ Act Act }

// AddAttr belongs to Add.
type AddAttr struct{ Act Act }

// ActAttr belongs to Activate and ActivateGrad.
type ActAttr struct{ Act Act }

// BatchNormAttr belongs to the kinds of batch normalisation.
type BatchNormAttr struct {
	Eps float64
	// Act: forward, the activation at the end. In the gradients, dy is the gradient of the
	// activation's result, and the activation's own gradient is computed from additional inputs:
	// y if Act.GradOfOutput; else those of x, γ and β that the step does not read anyway, from
	// which the activation's operand is computed again.
	Act Act
	// Residual: a fifth input of x's shape is added before the activation. With a residual, the
	// gradients need an activation whose gradient is computed from y (Act.GradOfOutput).
	Residual bool
}

// RowAttr belongs to Row.
type RowAttr struct{ Row int }

// RunningStatAttr belongs to RunningStat:
// running' = (1-Momentum)·running + Momentum·Scale·stats[Row].
type RunningStatAttr struct {
	Row      int     // 0 mean, 1 variance
	Momentum float64 // 0.1 in PyTorch
	Scale    float64 // n/(n-1) for the variance, else 1
}

// BatchNormUpdateAttr belongs to BatchNormUpdate: the updates of the two running statistics,
// rows 0 and 1.
type BatchNormUpdateAttr struct{ Mean, Variance RunningStatAttr }

// PoolAttr belongs to MaxPool and AvgPool and their gradients.
type PoolAttr struct{ geometry.Pool2D }

// AdaptivePoolAttr belongs to AdaptiveAvgPool and its gradient.
type AdaptivePoolAttr struct{ geometry.AdaptivePool2D }

// LinearAttr belongs to Linear.
type LinearAttr struct {
	Bias bool
	Act  Act
}

// Activation is the one at the end.
func (a ConvAttr) Activation() Act      { return a.Act }
func (a LinearAttr) Activation() Act    { return a.Act }
func (a BiasAttr) Activation() Act      { return a.Act }
func (a AddAttr) Activation() Act       { return a.Act }
func (a BatchNormAttr) Activation() Act { return a.Act }

// WithActivation is the same attribute with another activation.
func (a ConvAttr) WithActivation(act Act) any      { a.Act = act; return a }
func (a LinearAttr) WithActivation(act Act) any    { a.Act = act; return a }
func (a BiasAttr) WithActivation(act Act) any      { a.Act = act; return a }
func (a AddAttr) WithActivation(act Act) any       { a.Act = act; return a }
func (a BatchNormAttr) WithActivation(act Act) any { a.Act = act; return a }

// DropoutAttr belongs to Dropout. Element i of the canonical form is kept if number i of the
// Philox4x32-10 sequence of the seed, the step and Stream is at least P, where the input rng
// holds {seed, step}: see ref.DropoutKey and ref.DropoutKeeps. The gradient is the same step
// on dy.
type DropoutAttr struct {
	P      float64 // probability of zeroing, 0 ≤ P < 1
	Stream uint64  // philox.Stream of the layer's path
}

// CrossEntropyAttr belongs to SoftmaxCrossEntropy, its gradient and ClassificationLoss. The target is
// labels [N]int64, or probabilities [N, K] of the logits' type.
type CrossEntropyAttr struct {
	Smoothing float64 // target' = (1-ε)·target + ε/K
}

// SGDAttr belongs to the SGD kinds, with PyTorch's meaning.
type SGDAttr struct {
	Momentum    float64
	WeightDecay float64
	Nesterov    bool
}

// LerpAttr belongs to Lerp and SquareLerp.
type LerpAttr struct{ Weight float64 }

// AdamAttr belongs to AdamWeight: AdamW's update (Loshchilov and Hutter, 2019) from the
// moments m and v of the gradient after step t,
//
//	w' = w·(1 - lr·WeightDecay) - lr/(1-Beta1ᵗ) · m/(√v/√(1-Beta2ᵗ) + Eps)
type AdamAttr struct{ Beta1, Beta2, Eps, WeightDecay float64 }

// LionAttr belongs to LionWeight: Lion's update (Chen et al., 2023) from the mean m of the
// gradients before g,
//
//	w' = w·(1 - lr·WeightDecay) - lr·sign(Beta1·m + (1-Beta1)·g)
type LionAttr struct{ Beta1, WeightDecay float64 }
