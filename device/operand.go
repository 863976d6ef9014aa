package device

// Operand is the class of an operand or a result of a step. By it the engine sets a tensor's
// layout (Tensor.Param) and the precision in which it is stored.
type Operand uint8

// Classes of operands and results.
const (
	Features   Operand = iota // an activation of a batch [N, C, …], or its gradient
	Scores                    // logits, probabilities or targets [N, K] of K classes, or their gradient
	Statistics                // rows of one number a channel, summed over a batch: [2, C]
	Integers                  // labels, predicted classes, random counters
	Scalar                    // a loss, a norm, a learning rate: no axes
	Weight                    // the parameter that a product multiplies activations by
	Parameter                 // any other parameter or vector of channels, and the gradient or update of each
	Alike                     // elementwise: results have the class of the operands of their shape
	Any                       // no restriction
)

// String is the name, as in Go.
func (o Operand) String() string {
	return [...]string{"Features", "Scores", "Statistics", "Integers", "Scalar", "Weight", "Parameter", "Alike", "Any"}[o]
}

// Param reports whether the operand is laid out as a weight, as Tensor.Param says. Alike
// and Any take both.
func (o Operand) Param() bool { return o == Weight || o == Parameter }
