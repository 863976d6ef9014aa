package engine_test

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
)

// TestPlanMemory compares what was planned with what a program takes.
func TestPlanMemory(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	state := engine.NewState(dev)
	defer state.Close()
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float32, G.WithShape(300, 50), G.WithName("x"))
	square := G.Must(G.HadamardProd(x, x))
	y := G.Must(G.HadamardProd(square, square))
	spec := engine.Spec{Graph: g, Inputs: []*G.Node{x}, Outputs: []*G.Node{y}}
	planned, err := engine.PlanMemory(dev, state, spec)
	if err != nil {
		t.Fatal(err)
	}
	p, err := engine.Compile(dev, state, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := p.Memory(); got != planned || got.Own < 2*300*50*4 || got.Arena < 300*50*4 {
		t.Errorf("planned %+v, taken %+v", planned, got)
	}
	if state.Bytes() != 0 {
		t.Errorf("a State without slots has %d bytes", state.Bytes())
	}
}
