package nn_test

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
)

// SwishGate is a custom layer: it scales each feature, then multiplies by the
// sigmoid. Sigmoid is Gorgonia's, and has its gradient too.
type SwishGate struct{ Features int }

// Forward maps x [N, Features] to the same shape.
func (l *SwishGate) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	scale := s.Param(l, "scale", nn.NormScale, nn.Constant(1), l.Features)
	if s.Err() != nil {
		return nil
	}
	x = s.Try(gorgonia.BroadcastHadamardProd(x, scale, nil, []byte{0}))
	if s.Err() != nil {
		return nil
	}
	y := s.Try(gorgonia.HadamardProd(x, s.Try(gorgonia.Sigmoid(x))))
	s.Note(l, "SwishGate", y, int64(y.Shape().TotalSize()))
	return y
}

// Classifier is a custom model: exported fields are its layers.
type Classifier struct {
	Conv nn.Conv2D `nn:"stem"`
	Pool nn.AdaptiveAvgPool2D
	Flat nn.Flatten
	Gate SwishGate
	FC   *nn.Linear
}

// Forward maps images [N, 3, H, W] to logits [N, 10].
func (m *Classifier) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.Conv.Forward(s, x)
	x = m.Flat.Forward(s, m.Pool.Forward(s, x))
	return m.FC.Forward(s, m.Gate.Forward(s, x))
}

// A custom layer and model: names of parameters, a summary, an error.
func Example() {
	net := &Classifier{
		Conv: nn.Conv2D{In: 3, Out: 8, Kernel: 3, Padding: 1},
		Gate: SwishGate{Features: 8},
		FC:   &nn.Linear{In: 8, Out: 10},
	}
	g, err := nn.Trace(net, []int{4, 3, 32, 32}, nn.Options{Training: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range g.Params {
		fmt.Println(p.Name, p.Shape)
	}
	for _, l := range g.Layers {
		fmt.Println(l.Path, l.Kind, l.Output)
	}

	net.FC.In = 9
	_, err = nn.Trace(net, []int{4, 3, 32, 32}, nn.Options{})
	fmt.Println(err)
	// Output:
	// stem.weight [8 3 3 3]
	// gate.scale [8]
	// fc.weight [10 8]
	// fc.bias [10]
	// stem Conv2D [4 8 32 32]
	// pool AdaptiveAvgPool2D [4 8 1 1]
	// flat Flatten [4 8]
	// gate SwishGate [4 8]
	// fc Linear [4 10]
	// nn: fc: input [4 8], want [N, 9]
}
