package optest

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// recorder counts failures instead of failing.
type recorder struct {
	testing.TB
	failures int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failures++ }

func TestGradCheckAcceptsGorgonia(t *testing.T) {
	square := func(_ *gorgonia.ExprGraph, in gorgonia.Nodes) (*gorgonia.Node, error) {
		return gorgonia.HadamardProd(in[0], in[1])
	}
	GradCheck(t, square, Random("x", 1, 3, 4), Random("y", 2, 3, 4))
}

func TestGradCheckSeesAWrongGradient(t *testing.T) {
	r := &recorder{TB: t}
	wrong := func(_ *gorgonia.ExprGraph, in gorgonia.Nodes) (*gorgonia.Node, error) {
		return gorgonia.ApplyOp(&wrongSum{weigh{typ: in[0].Type(), dt: tensor.Float64, shape: in[0].Shape()}}, in[0])
	}
	GradCheck(r, wrong, Random("x", 1, 5))
	if r.failures == 0 {
		t.Error("a gradient that is half of what it should be passes")
	}
}

// wrongSum is Σ wᵢ·xᵢ with a gradient that is half of what it should be.
type wrongSum struct{ weigh }

func (w *wrongSum) SymDiff(in gorgonia.Nodes, y, dy *gorgonia.Node) (gorgonia.Nodes, error) {
	half, err := gorgonia.Mul(dy, gorgonia.NewConstant(0.5))
	if err != nil {
		return nil, err
	}
	return w.weigh.SymDiff(in, y, half)
}
