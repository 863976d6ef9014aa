package onnx

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
)

// activations add the nodes of an activation function.
var activations = map[device.Act]func(c *converter, in []string, out string){
	device.ReLU: func(c *converter, in []string, out string) { c.add("Relu", in, out) },
	device.SiLU: func(c *converter, in []string, out string) {
		c.add("Sigmoid", in, out+"/sigmoid")
		c.add("Mul", []string{in[0], out + "/sigmoid"}, out)
	},
}

func (c *converter) activation(act device.Act, in []string, out string) error {
	add, ok := activations[act]
	if !ok {
		return fmt.Errorf("%w: the activation function %v", ErrOperator, act)
	}
	add(c, in, out)
	return nil
}
