package device

import "github.com/euryale-ml/euryale/geometry"

// Kind names what a step does. Operands are listed as in → out; an operand in
// brackets is there if the attribute of the same name says so.
type Kind uint8

// Kinds of step.
const (
	// Host runs the Do of a foreign Gorgonia operator on the host. The engine
	// does it; devices never see this kind.
	Host Kind = iota

	Conv2D           // x, w, [bias] → y                      ConvAttr
	Conv2DGradInput  // dy, w → dx                            ConvAttr; may accumulate
	Conv2DGradWeight // x, dy → dw                            ConvAttr
	BiasAdd          // x [N, C, …], b [C] → y                BiasAttr
	ChannelSum       // x [N, C, …] → [C]: a bias's gradient

	BatchNormStats         // x → stats [2, C]: mean, biased variance
	BatchNormPack          // mean [C], variance [C] → stats [2, C]
	BatchNormApply         // x, stats, γ, β, [residual] → y           BatchNormAttr
	BatchNormGradStats     // x, dy, stats, [y] → [2, C]: Σdy, Σdy·x̂   BatchNormAttr; y where ReLU
	BatchNormGradInput     // x, dy, γ, stats, gradStats, [y] → dx     BatchNormAttr; training
	BatchNormEvalGradInput // dy, γ, stats, [y] → dx = dy·γ/√(var+ε)   BatchNormAttr; statistics are constants
	Row                    // x [R, C] → [C]                           RowAttr
	RunningStat            // running [C], stats [2, C] → running'     RunningStatAttr

	ReLU     // x → y
	ReLUGrad // y, dy → dx = dy where y > 0
	Add      // x, y → x + y                                  AddAttr

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
	Scale   // x, s (scalar) → s·x

	Softmax                 // logits [N, K] → probabilities
	SoftmaxCrossEntropy     // logits [N, K], target → mean loss (scalar)    CrossEntropyAttr
	SoftmaxCrossEntropyGrad // logits, target, dloss (scalar) → dlogits      CrossEntropyAttr
	ArgMax                  // logits [N, K] → [N]int64, the first maximum

	SGDVelocity // v, g, w → v' = momentum·v + g + decay·w      SGDAttr
	SGDWeight   // w, v', lr, [g where Nesterov] → w'           SGDAttr; without momentum: w, g, lr → w' = w - lr·(g + decay·w)
	SGD         // w, v, g, lr → w', v': both at once, in place SGDAttr; without momentum: w, g, lr → w'

	Lerp       // x, y → x + Weight·(y - x)                   LerpAttr
	SquareLerp // x, y → (1-Weight)·x + Weight·y²             LerpAttr
	AdamWeight // w, m, v, lr, step (scalars) → w'            AdamAttr
	SumSquares // x → Σx² (scalar), summed in float64 in an order of its own
	numKinds
)

var kindNames = [numKinds]string{
	"Host", "Conv2D", "Conv2DGradInput", "Conv2DGradWeight", "BiasAdd", "ChannelSum",
	"BatchNormStats", "BatchNormPack", "BatchNormApply", "BatchNormGradStats", "BatchNormGradInput", "BatchNormEvalGradInput",
	"Row", "RunningStat", "ReLU", "ReLUGrad", "Add",
	"MaxPool", "MaxPoolGrad", "AvgPool", "AvgPoolGrad", "AdaptiveAvgPool", "AdaptiveAvgPoolGrad",
	"Linear", "LinearGradInput", "LinearGradWeight", "LinearUpdate",
	"Dropout", "Reshape", "Scale", "Softmax", "SoftmaxCrossEntropy", "SoftmaxCrossEntropyGrad", "ArgMax",
	"SGDVelocity", "SGDWeight", "SGD",
	"Lerp", "SquareLerp", "AdamWeight", "SumSquares",
}

func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return "Kind(?)"
}

// ConvAttr belongs to the convolutions. Bias and ReLU are for the forward kind.
type ConvAttr struct {
	geometry.Conv2D
	Bias bool // a third input [O] is added
	ReLU bool // max(0, ·) at the end
}

// BiasAttr belongs to BiasAdd.
type BiasAttr struct{ ReLU bool }

// AddAttr belongs to Add.
type AddAttr struct{ ReLU bool }

// BatchNormAttr belongs to the kinds of batch normalisation.
type BatchNormAttr struct {
	Eps float64
	// ReLU: forward, y = max(0, ·); in the gradients dy counts only where the
	// additional last input y is positive.
	ReLU bool
	// Residual: a fifth input of x's shape is added before the ReLU.
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

// PoolAttr belongs to MaxPool and AvgPool and their gradients.
type PoolAttr struct{ geometry.Pool2D }

// AdaptivePoolAttr belongs to AdaptiveAvgPool and its gradient.
type AdaptivePoolAttr struct{ geometry.AdaptivePool2D }

// LinearAttr belongs to Linear.
type LinearAttr struct {
	Bias bool
	ReLU bool
}

// DropoutAttr belongs to Dropout. Element i of the canonical form is kept if number i of the
// Philox4x32-10 sequence of the seed, the step and Stream is at least P, where the input rng
// holds {seed, step}: device/ref has DropoutKey and DropoutKeeps. Its gradient is the same
// step on dy.
type DropoutAttr struct {
	P      float64 // probability of zeroing, 0 ≤ P < 1
	Stream uint64  // philox.Stream of the layer's path
}

// CrossEntropyAttr belongs to SoftmaxCrossEntropy and its gradient. The target is
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
