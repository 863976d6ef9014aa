package engine

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
)

// hostData returns the elements of a Gorgonia value as a slice in row-major order: the
// value's own memory, or a copy if that has another order.
func hostData(v G.Value) (any, device.DType, error) {
	switch d := v.Data().(type) {
	case []float32:
		return rowMajor(v, d), device.Float32, nil
	case []float64:
		return rowMajor(v, d), device.Float64, nil
	case []int64:
		return rowMajor(v, d), device.Int64, nil
	case float32:
		return []float32{d}, device.Float32, nil
	case float64:
		return []float64{d}, device.Float64, nil
	case int64:
		return []int64{d}, device.Int64, nil
	}
	return nil, 0, fmt.Errorf("%w: a value of %T", ErrGraph, v.Data())
}

// rowMajor puts the elements of a transposed, sliced or column-major tensor in order.
func rowMajor[T any](v G.Value, backing []T) []T {
	d, ok := v.(*tensor.Dense)
	if !ok || len(d.Strides()) != len(d.Shape()) {
		return backing
	}
	shape, strides := d.Shape(), d.Strides()
	if slices.Equal(strides, canonicalStrides(shape)) && len(backing) == shape.TotalSize() {
		return backing
	}
	out := make([]T, 0, shape.TotalSize())
	var visit func(axis, at int)
	visit = func(axis, at int) {
		if axis == len(shape) {
			out = append(out, backing[at])
			return
		}
		for i := range shape[axis] {
			visit(axis+1, at+i*strides[axis])
		}
	}
	visit(0, 0)
	return out
}

// canonicalStrides are the strides of a row-major tensor.
func canonicalStrides(shape []int) []int {
	strides := make([]int, len(shape))
	size := 1
	for i, d := range slices.Backward(shape) {
		strides[i] = size
		size *= d
	}
	return strides
}

// newHost makes host memory for a tensor.
func newHost(t *device.Tensor) any {
	switch t.DType {
	case device.Float32:
		return make([]float32, t.Elements())
	case device.Float64:
		return make([]float64, t.Elements())
	}
	return make([]int64, t.Elements())
}

// valueOf wraps host memory as a Gorgonia value: a scalar for an empty shape.
func valueOf(host any, shape []int) G.Value {
	if len(shape) == 0 {
		switch h := host.(type) {
		case []float32:
			return G.NewF32(h[0])
		case []float64:
			return G.NewF64(h[0])
		case []int64:
			return G.NewI64(h[0])
		}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(host))
}
