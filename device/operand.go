package device

// Operand says what a step reads as an operand or leaves as a result. It decides how the
// engine lets a tensor be laid out (Tensor.Param) and how precisely it must be stored.
type Operand uint8

// What a step reads or leaves.
const (
	Features   Operand = iota // an activation of a batch [N, C, …], or its gradient
	Scores                    // of the classes: logits, probabilities or targets [N, K], or their gradient
	Statistics                // rows of one number a channel, summed over a batch: [2, C]
	Integers                  // labels, predicted classes, random counters
	Scalar                    // a loss, a norm, a learning rate: no axes
	Weight                    // the parameter that a product multiplies activations by
	Parameter                 // any other parameter or vector of channels, and the gradient or update of each
	Alike                     // elementwise: the results are what the operands of their shape are
	Any                       // the step reads all of them
)

// String is the name, as in Go.
func (o Operand) String() string {
	return [...]string{"Features", "Scores", "Statistics", "Integers", "Scalar", "Weight", "Parameter", "Alike", "Any"}[o]
}

// Param reports whether the operand is laid out as a weight, as Tensor.Param says. Alike
// and Any take both.
func (o Operand) Param() bool { return o == Weight || o == Parameter }
