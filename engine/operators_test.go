package engine_test

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestForeignOperators compares what a layer of one's own may be made of, and its gradient,
// with Gorgonia's own machine.
func TestForeignOperators(t *testing.T) {
	maps := []int{2, 18, 5, 4}
	for _, c := range []struct {
		name  string
		shape []int
		do    func(m *mix, x *G.Node) (*G.Node, error)
		flat  bool // without a gradient
	}{
		{"LeakyRelu", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.LeakyRelu(x, 0.1) }, false},
		{"Tanh", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Tanh(x) }, false},
		{"Softplus", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Softplus(x) }, false},
		{"Abs", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Abs(x) }, false},
		{"Exp", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Exp(x) }, false},
		{"Log1p", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Log1p(x) }, false},
		{"Pow", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Pow(x, x) }, false},
		{"InverseSqrt", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.InverseSqrt(x) }, false},
		{"Sign", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Sign(x) }, true},
		{"Gt", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Gt(x, G.Must(G.Square(x)), true) }, true},
		{"Upsample2D", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Upsample2D(x, 2) }, false},
		{"Conv2d", maps, func(m *mix, x *G.Node) (*G.Node, error) {
			return G.Conv2d(x, m.leaf("slot", "kernel", 2, 4, 18, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{1, 1})
		}, false},
		{"Concat", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Concat(1, x, x) }, false},
		{"Slice", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Slice(x, nil, G.S(3, 9)) }, false},
		{"Slice of one", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Slice(x, nil, G.S(3)) }, false},
		{"Transpose", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Transpose(x, 0, 2, 3, 1) }, false},
		{"Reshape", maps, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Reshape(x, tensor.Shape{18, 2, 20}) }, false},
		{"BatchedMatMul", []int{3, 5, 7}, func(_ *mix, x *G.Node) (*G.Node, error) { return G.BatchedMatMul(x, x, false, true) }, false},
		{"Mul of matrices", []int{5, 18}, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Mul(x, G.Must(G.Transpose(x))) }, false},
		{"OuterProd", []int{7}, func(_ *mix, x *G.Node) (*G.Node, error) { return G.OuterProd(x, x) }, false},
		{"Norm", []int{5, 18}, func(_ *mix, x *G.Node) (*G.Node, error) { return G.Norm(x, 0, 2) }, false},
		{"LogSoftMax", []int{5, 7}, func(_ *mix, x *G.Node) (*G.Node, error) { return G.LogSoftMax(x) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, role := range []string{"slot", "input"} {
				compare(t, func(m *mix) {
					x := m.leaf(role, "x", 1, c.shape...)
					y, err := c.do(m, x)
					m.want(c.name, y, err)
					if !c.flat {
						m.gradient(c.name, y, x)
					}
				})
			}
		})
	}
}
