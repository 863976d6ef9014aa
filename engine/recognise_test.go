package engine

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestSumsAreRecognised takes every way to an addition, and what is not one.
func TestSumsAreRecognised(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		g := G.NewGraph()
		x := G.NewTensor(g, dt, 4, G.WithShape(2, 3, 4, 5), G.WithName("x"))
		y := G.NewTensor(g, dt, 4, G.WithShape(2, 3, 4, 5), G.WithName("y"))
		a, b := G.NewVector(g, dt, G.WithShape(7), G.WithName("a")), G.NewScalar(g, dt, G.WithName("b"))
		fanIn := func() *G.Node { // Grad sums x's gradients
			cost := G.Must(G.Sum(G.Must(G.Add(G.Must(G.Square(x)), G.Must(G.Tanh(x))))))
			grads, err := G.Grad(cost, x)
			if err != nil {
				t.Fatal(err)
			}
			return grads[0]
		}
		for name, c := range map[string]struct {
			n    *G.Node
			want bool
		}{
			"4 axes": {G.Must(G.Add(x, y)), true}, "1 axis": {G.Must(G.Add(a, a)), true}, "scalars": {G.Must(G.Add(b, b)), true}, "fan-in": {fanIn(), true},
			"Sub": {G.Must(G.Sub(x, y)), false}, "HadamardProd": {G.Must(G.HadamardProd(x, y)), false}, "Gt": {G.Must(G.Gt(x, y, true)), false},
			"with a scalar": {G.Must(G.Add(x, b)), false}, "Square": {G.Must(G.Square(x)), false}, "Sum": {G.Must(G.Sum(x, 1)), false},
		} {
			if got := isSum(c.n.Op(), dt, len(c.n.Shape())); got != c.want {
				t.Errorf("%s of %v, %v: a sum is %v, want %v", name, dt, c.n.Op(), got, c.want)
			}
		}
		if isSum(G.Must(G.Add(x, y)).Op(), dt, 3) {
			t.Error("a sum of 4 axes passes for one of 3")
		}
	}
}

// TestWrongOperatorsAreWhatGorgoniaMakes keeps the names of types true.
func TestWrongOperatorsAreWhatGorgoniaMakes(t *testing.T) {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 4, G.WithShape(2, 3, 4, 4), G.WithName("x"))
	normal, _, _, _, err := G.BatchNorm(x, nil, nil, 0.1, 1e-5)
	if err != nil {
		t.Fatal(err)
	}
	for want, n := range map[string]*G.Node{
		"BatchNormOp": normal, "globalAveragePoolOp": G.Must(G.GlobalAveragePool2D(x)), "dropoutOp": G.Must(G.Dropout(x, 0.5)),
		"maxPoolOp": G.Must(G.MaxPool2D(x, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})),
		"avgPoolOp": G.Must(G.AveragePool2D(x, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})),
		"sumOp":     G.Must(G.Sum(x, 1)), "maxOp": G.Must(G.Max(x, 1)),
	} {
		found := false
		for _, node := range append(G.Nodes{n}, n.Graph().AllNodes()...) {
			found = found || node.Op() != nil && typeOf(node.Op()).Name() == want && (want == "sumOp" || refused(node.Op()) != "")
		}
		if !found {
			t.Errorf("Gorgonia makes no %s, or it is not refused: %T", want, n.Op())
		}
	}
}
