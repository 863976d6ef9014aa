package engine_test

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	_ "github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/op"
)

// A graph with an assignment: each run adds x to what the slot holds.
func ExampleCompile() {
	dev, err := device.Open("cpu", device.Options{Threads: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()
	st := engine.NewState(dev)
	defer st.Close()
	if err := st.Add("sum", []int{3}, device.Float32, []float32{0, 0, 10}); err != nil {
		fmt.Println(err)
		return
	}
	g := G.NewGraph()
	sum := G.NewVector(g, tensor.Float32, G.WithShape(3), G.WithName("sum"))
	x := G.NewVector(g, tensor.Float32, G.WithShape(3), G.WithName("x"))
	next := G.Must(op.Add("total", sum, x))
	p, err := engine.Compile(dev, st, engine.Spec{
		Graph: g, Inputs: []*G.Node{x}, Slots: map[*G.Node]string{sum: "sum"},
		Assign: []engine.Assignment{{Slot: "sum", Value: next}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	err = errors.Join(p.Bind(x, []float32{1, 2, 3}), p.Run(), p.Run())
	got := make([]float32, 3)
	fmt.Println(errors.Join(err, st.Read("sum", got)), got)
	// Output: <nil> [2 4 16]
}
