package device

import "iter"

// Act is an elementwise activation function. Each one maps 0 to 0, so that padding in a
// device's layout stays zero.
type Act uint8

// Activation functions.
const (
	None     Act = iota // x
	ReLU                // max(0, x); its gradient at 0 is 0
	SiLU                // x·σ(x), σ(x) = 1/(1 + e^-x) (Elfwing et al., 2017)
	GELU                // x·Φ(x), Φ the normal distribution (Hendrycks and Gimpel, 2016)
	GELUTanh            // GELU with Φ(x) ≈ ½·(1 + tanh(√(2/π)·(x + 0.044715·x³)))

	numActs
)

// activations are the properties of each activation function. Its formula is in device/ref.
var activations = [numActs]struct {
	name string
	// ofOutput: the gradient can be computed from y and dy, so that x need not be kept.
	ofOutput bool
}{
	None: {name: "None"},
	ReLU: {name: "ReLU", ofOutput: true},
	SiLU: {name: "SiLU"}, GELU: {name: "GELU"}, GELUTanh: {name: "GELUTanh"},
}

// Acts are all activation functions but None.
func Acts() iter.Seq[Act] {
	return func(yield func(Act) bool) {
		for a := None + 1; a < numActs && yield(a); a++ {
		}
	}
}

// String is the name, as in PyTorch's torch.nn.
func (a Act) String() string {
	if a < numActs {
		return activations[a].name
	}
	return "Act(?)"
}

// GradOfOutput reports whether the gradient is a function of the result y = act(x) and dy,
// else it is one of x and dy.
func (a Act) GradOfOutput() bool { return a < numActs && activations[a].ofOutput }
