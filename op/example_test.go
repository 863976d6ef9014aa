package op_test

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/op"
)

// A convolution, its loss, and the gradient of its weight, run by Gorgonia's own
// machine. The engine runs the same graph on a device.
func Example() {
	g := gorgonia.NewGraph()
	x := gorgonia.NewTensor(g, tensor.Float64, 4, gorgonia.WithShape(1, 1, 2, 2), gorgonia.WithName("x"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(1, 1, 2, 2), tensor.WithBacking([]float64{1, 2, 3, 4}))))
	w := gorgonia.NewTensor(g, tensor.Float64, 4, gorgonia.WithShape(3, 1, 2, 2), gorgonia.WithName("w"),
		gorgonia.WithInit(gorgonia.Zeroes()))
	label := gorgonia.NewVector(g, tensor.Int64, gorgonia.WithShape(1), gorgonia.WithName("label"),
		gorgonia.WithValue(tensor.New(tensor.WithShape(1), tensor.WithBacking([]int64{2}))))

	y := gorgonia.Must(op.Conv2D("conv", x, w, op.Conv2DOptions{}))
	logits := gorgonia.Must(op.Flatten("flatten", y))
	loss := gorgonia.Must(op.SoftmaxCrossEntropy("loss", logits, label, 0))
	grads, err := gorgonia.Grad(loss, w)
	if err != nil {
		fmt.Println(err)
		return
	}

	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("output %v\n", y.Shape())
	fmt.Printf("loss %.4f\n", loss.Value().Data())
	fmt.Printf("gradient %.2f\n", grads[0].Value().Data())

	_, err = op.Linear("fc", logits, x)
	fmt.Println(err)
	// Output:
	// output (1, 3, 1, 1)
	// loss 1.0986
	// gradient [0.33 0.67 1.00 1.33 0.33 0.67 1.00 1.33 -0.67 -1.33 -2.00 -2.67]
	// op: linear at fc: weight has shape [1 1 2 2], want 2 axes
}
