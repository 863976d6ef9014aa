package engine

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// isSum recognises Gorgonia's addition of two values of one shape, by which Grad sums
// fan-in: it is the operator that Gorgonia's own Add makes of such values.
func isSum(o G.Op, dt tensor.Dtype, axes int) bool {
	if !isGorgonias(o) || o.Arity() != 2 {
		return false
	}
	g := G.NewGraph()
	leaf := func(name string) *G.Node {
		if axes == 0 {
			return G.NewScalar(g, dt, G.WithName(name))
		}
		return G.NewTensor(g, dt, axes, G.WithShape(slices.Repeat([]int{2}, axes)...), G.WithName(name))
	}
	sum, err := G.Add(leaf("x"), leaf("y"))
	return err == nil && sameOperator(o, sum.Op())
}

// sameOperator reports whether two operators are of one type and write the same bytes into
// hashes, by which Gorgonia itself compares operators.
func sameOperator(a, b G.Op) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	var x, y text
	a.WriteHash(&x)
	b.WriteHash(&y)
	return bytes.Equal(x.Bytes(), y.Bytes())
}

// text is a hash that keeps the bytes written to it.
type text struct{ bytes.Buffer }

func (t *text) Sum(b []byte) []byte { return append(b, t.Bytes()...) }
func (t *text) Size() int           { return t.Len() }
func (t *text) BlockSize() int      { return 1 }

// axisSum replaces Gorgonia's sum over axes, which occurs in the gradients of its broadcasts:
// Gorgonia's own Do computes wrong sums over middle axes.
type axisSum struct {
	G.Op
	along []int
}

// asSum is a sum over axes instead of Gorgonia's, or nil if o is another operator. Gorgonia
// exports neither the type nor the axes, so both are read by their names.
func asSum(o G.Op) G.Op {
	if !isGorgonias(o) || typeOf(o).Name() != "sumOp" {
		return nil
	}
	v := reflect.Indirect(reflect.ValueOf(o)).FieldByName("along")
	if v.Kind() != reflect.Slice {
		return nil
	}
	s := axisSum{Op: o}
	for i := range v.Len() {
		s.along = append(s.along, int(v.Index(i).Int()))
	}
	return s
}

// Do sums in float64.
func (s axisSum) Do(in ...G.Value) (G.Value, error) {
	shape := []int(in[0].Shape())
	host, _, err := hostData(in[0])
	if err != nil {
		return nil, err
	}
	switch x := host.(type) {
	case []float32:
		return sumAxes(x, shape, s.along), nil
	case []float64:
		return sumAxes(x, shape, s.along), nil
	}
	return nil, fmt.Errorf("%w: a sum of %T", ErrValue, host)
}

func sumAxes[T float32 | float64](x []T, shape, along []int) G.Value {
	var kept []int
	strides := make([]int, len(shape)) // of the result, 0 along the summed axes
	size := 1
	for i, d := range slices.Backward(shape) {
		if !slices.Contains(along, i) {
			strides[i] = size
			size *= d
			kept = append([]int{d}, kept...)
		}
	}
	sums := make([]float64, size)
	index := make([]int, len(shape))
	to := 0
	for _, v := range x {
		sums[to] += float64(v)
		for i := len(shape) - 1; i >= 0; i-- { // the next element in row-major order
			index[i]++
			to += strides[i]
			if index[i] < shape[i] {
				break
			}
			index[i] = 0
			to -= shape[i] * strides[i]
		}
	}
	out := make([]T, size)
	for i, v := range sums {
		out[i] = T(v)
	}
	return valueOf(out, kept)
}
