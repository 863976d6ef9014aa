package nn_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/nn"
)

// TestMixedLossAsPyTorch compares the loss and its gradient under mixup with PyTorch's.
func TestMixedLossAsPyTorch(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "dataset", "testdata", "mixup.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Classes                   int
		Smoothing, Loss           float64
		Logits, Targets, Gradient []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) < 5 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	for _, c := range cases {
		n := len(c.Logits) / c.Classes
		g := &nn.Graph{G: gorgonia.NewGraph(), DType: tensor.Float64}
		g.Output = gorgonia.NewMatrix(g.G, tensor.Float64, gorgonia.WithShape(n, c.Classes), gorgonia.WithName("logits"))
		target, loss, _, err := nn.CrossEntropy{Smoothing: c.Smoothing, Soft: true}.Loss(g)
		if err != nil {
			t.Fatal(err)
		}
		grads, err := gorgonia.Grad(loss, g.Output)
		if err != nil {
			t.Fatal(err)
		}
		for leaf, v := range map[*gorgonia.Node][]float64{g.Output: c.Logits, target: c.Targets} {
			if err := gorgonia.Let(leaf, tensor.New(tensor.WithShape(n, c.Classes), tensor.WithBacking(v))); err != nil {
				t.Fatal(err)
			}
		}
		machine := gorgonia.NewTapeMachine(g.G)
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		if got := optest.Floats(loss.Value())[0]; math.Abs(got-c.Loss) > 1e-12 {
			t.Errorf("%d rows: loss %v, want %v", n, got, c.Loss)
		}
		for i, got := range optest.Floats(grads[0].Value()) {
			if math.Abs(got-c.Gradient[i]) > 1e-12 {
				t.Errorf("%d rows: gradient %d is %v, want %v", n, i, got, c.Gradient[i])
			}
		}
		machine.Close()
	}
}
