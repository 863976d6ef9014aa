package optest

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Input is a leaf of a graph under test: Float, or Int for labels and random
// counters. An empty shape makes a scalar.
type Input struct {
	Name     string
	Shape    []int
	Float    []float64
	Int      []int64
	Constant bool // no gradient is computed
}

// Random is an input of hashed values in [-1, 1).
func Random(name string, seed uint64, shape ...int) Input {
	return Input{Name: name, Shape: shape, Float: Values(seed, 1, 0, shape...)}
}

// Affine is an input of hashed values in [offset-scale, offset+scale).
func Affine(name string, seed uint64, scale, offset float64, shape ...int) Input {
	return Input{Name: name, Shape: shape, Float: Values(seed, scale, offset, shape...)}
}

// Ints is an int64 vector.
func Ints(name string, values ...int64) Input {
	return Input{Name: name, Shape: []int{len(values)}, Int: values}
}

// Fixed is the input without its gradient.
func (in Input) Fixed() Input {
	in.Constant = true
	return in
}

// Differentiable reports whether the input's gradient is checked.
func (in Input) Differentiable() bool { return in.Int == nil && !in.Constant }

// Node makes the leaf, in type dt if it is a float, and binds a copy of its values.
func (in Input) Node(g *gorgonia.ExprGraph, dt tensor.Dtype) *gorgonia.Node {
	var backing any
	switch {
	case in.Int != nil:
		dt, backing = tensor.Int64, append([]int64(nil), in.Int...)
	case dt == tensor.Float32:
		x := make([]float32, len(in.Float))
		for i, v := range in.Float {
			x[i] = float32(v)
		}
		backing = x
	default:
		backing = append([]float64(nil), in.Float...)
	}
	if len(in.Shape) == 0 {
		return gorgonia.NewScalar(g, dt, gorgonia.WithName(in.Name), gorgonia.WithValue(first(backing)))
	}
	value := tensor.New(tensor.WithShape(in.Shape...), tensor.WithBacking(backing))
	return gorgonia.NewTensor(g, dt, len(in.Shape), gorgonia.WithShape(in.Shape...),
		gorgonia.WithName(in.Name), gorgonia.WithValue(value))
}

func first(backing any) any {
	switch x := backing.(type) {
	case []float32:
		return x[0]
	case []float64:
		return x[0]
	case []int64:
		return x[0]
	}
	panic(fmt.Sprintf("optest: backing %T", backing))
}

// Floats reads a value of float32 or float64 elements.
func Floats(v gorgonia.Value) []float64 {
	switch x := v.Data().(type) {
	case float32:
		return []float64{float64(x)}
	case float64:
		return []float64{x}
	case []float64:
		return append([]float64(nil), x...)
	case []float32:
		y := make([]float64, len(x))
		for i, e := range x {
			y[i] = float64(e)
		}
		return y
	}
	return nil
}
