package engine_test

import (
	"errors"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/queued"
	"github.com/euryale-ml/euryale/op"
)

// TestASpoiledSumIsNotAddedTo lets the step fail that adds a gradient to a slot in the
// slot's memory: the slot has no value then to which another run could add.
func TestASpoiledSumIsNotAddedTo(t *testing.T) {
	fail := false
	dev := openQueued(t, queued.Options{Fault: func(s *device.Step) error {
		if fail && (s.Accumulate || s.Kind == device.Add) { // plain kernels add in a step of its own
			return errBroken
		}
		return nil
	}})
	st := engine.NewState(dev)
	defer st.Close()
	if err := st.Add("sum", []int{5}, device.Float32, nil); err != nil {
		t.Fatal(err)
	}
	g := G.NewGraph()
	x := optest.Random("x", 1, 2, 5, 4, 4).Node(g, tensor.Float32)
	b, sum := optest.Random("b", 2, 5).Node(g, tensor.Float32), G.NewVector(g, tensor.Float32, G.WithShape(5), G.WithName("sum"))
	y := G.Must(op.Flatten("flat", G.Must(op.AdaptiveAvgPool2D("pool", G.Must(op.BiasAdd("bias", x, b)), 1, 1))))
	labels := G.NewVector(g, tensor.Int64, G.WithName("labels"), G.WithValue(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int64{1, 4}))))
	grads, err := G.Grad(G.Must(op.SoftmaxCrossEntropy("loss", y, labels, 0)), b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.Compile(dev, st, engine.Spec{
		Graph: g, Inputs: G.Nodes{x, b}, Slots: map[*G.Node]string{sum: "sum"},
		Assign: []engine.Assignment{{Slot: "sum", Value: G.Must(op.Add("sum", sum, grads[0]))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := errors.Join(p.Bind(x, x.Value().Data()), p.Bind(b, b.Value().Data()), p.Run()); err != nil {
		t.Fatal(err)
	}
	fail = true
	if err := p.Run(); !errors.Is(err, errBroken) {
		t.Fatalf("the step that adds: %v", err)
	}
	fail = false
	if err := p.Run(); !errors.Is(err, engine.ErrBroken) {
		t.Errorf("adding to a slot without a value: %v, want ErrBroken", err)
	}
}
