package onnx

import (
	"fmt"
	"math"

	"github.com/euryale-ml/euryale/device"
)

// activations holds, by activation function, the function that adds its nodes.
var activations = map[device.Act]func(c *converter, in []string, out string){
	device.ReLU: func(c *converter, in []string, out string) { c.add("Relu", in, out) },
	device.SiLU: func(c *converter, in []string, out string) {
		c.add("Sigmoid", in, out+"/sigmoid")
		c.add("Mul", []string{in[0], out + "/sigmoid"}, out)
	},
	device.GELU: func(c *converter, in []string, out string) { // x·½·(1 + erf(x/√2))
		c.add("Mul", []string{in[0], c.number(1 / math.Sqrt2)}, out+"/scaled")
		c.add("Erf", []string{out + "/scaled"}, out+"/erf")
		c.halfOf(in[0], out+"/erf", out)
	},
	device.GELUTanh: func(c *converter, in []string, out string) {
		c.add("Mul", []string{in[0], in[0]}, out+"/square")
		c.add("Mul", []string{out + "/square", c.number(0.044715)}, out+"/part")
		c.add("Add", []string{out + "/part", c.number(1)}, out+"/factor")
		c.add("Mul", []string{in[0], out + "/factor"}, out+"/cubic")
		c.add("Mul", []string{out + "/cubic", c.number(math.Sqrt(2 / math.Pi))}, out+"/scaled")
		c.add("Tanh", []string{out + "/scaled"}, out+"/tanh")
		c.halfOf(in[0], out+"/tanh", out)
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

// halfOf adds ½·x·(1 + t).
func (c *converter) halfOf(x, t, out string) {
	c.add("Add", []string{t, c.number(1)}, out+"/sum")
	c.add("Mul", []string{x, out + "/sum"}, out+"/product")
	c.add("Mul", []string{out + "/product", c.number(0.5)}, out)
}

// number adds a constant of one element.
func (c *converter) number(v float64) string { return c.constant([]int{1}, []float32{float32(v)}) }
