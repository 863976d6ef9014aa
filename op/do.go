package op

import (
	"slices"
	"sync"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/ref"
)

// kernels are an operator's implementations for the two float types.
type kernels struct {
	f32 func(arguments[float32]) error
	f64 func(arguments[float64]) error
}

// arguments are the row-major elements of the operands and of the result. An
// operand is in floats or in ints, by its type; the other entry is nil.
type arguments[T ref.Float] struct {
	floats  [][]T
	ints    [][]int64
	out     []T
	outInts []int64
}

// Do runs the operator on *tensor.Dense, or *gorgonia.F32 and *gorgonia.F64 for
// scalars, and returns memory of its own.
func (o *operator) Do(values ...gorgonia.Value) (result gorgonia.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, o.errorf(ErrKernel, "panic: %v", p)
		}
	}()
	if len(values) != len(o.in) {
		return nil, o.errorf(ErrShape, "%d operands, want %d", len(values), len(o.in))
	}
	if o.floatType() == tensor.Float32 {
		return do(o, o.run.f32, values)
	}
	return do(o, o.run.f64, values)
}

// floatType is the type of the first operand that is not int64.
func (o *operator) floatType() tensor.Dtype {
	for _, in := range o.in {
		if dt := dtypeOf(in.typ); dt != tensor.Int64 {
			return dt
		}
	}
	return dtypeOf(o.out)
}

func do[T ref.Float](o *operator, run func(arguments[T]) error, values []gorgonia.Value) (gorgonia.Value, error) {
	a := arguments[T]{floats: make([][]T, len(values)), ints: make([][]int64, len(values))}
	for i, v := range values {
		if v == nil {
			return nil, o.errorf(ErrType, "operand %d has no value", i)
		}
		if !slices.Equal(v.Shape(), o.in[i].shape) {
			return nil, o.errorf(ErrShape, "operand %d is a value of shape %v, want %v", i, []int(v.Shape()), []int(o.in[i].shape))
		}
		var ok bool
		switch data := elements(v).(type) {
		case []T:
			a.floats[i], ok = data, dtypeOf(o.in[i].typ) != tensor.Int64
		case []int64:
			a.ints[i], ok = data, dtypeOf(o.in[i].typ) == tensor.Int64
		}
		if !ok {
			return nil, o.errorf(ErrType, "operand %d is a %T of %v, want %v", i, v, v.Dtype(), dtypeOf(o.in[i].typ))
		}
	}
	size := o.shape.TotalSize()
	if dtypeOf(o.out) == tensor.Int64 {
		a.outInts = make([]int64, size)
	} else {
		a.out = make([]T, size)
	}
	if err := run(a); err != nil {
		return nil, err
	}
	switch {
	case a.outInts != nil:
		return tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(a.outInts)), nil
	case o.shape.IsScalar():
		return scalarValue(a.out[0]), nil
	}
	return tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(a.out)), nil
}

func scalarValue[T ref.Float](v T) gorgonia.Value {
	if v, ok := any(v).(float32); ok {
		return gorgonia.NewF32(v)
	}
	return gorgonia.NewF64(float64(v))
}

// elements returns a value's elements in row-major order: its own memory if it
// lies so, else a copy. It is nil for values that no operator takes.
func elements(v gorgonia.Value) any {
	switch v := v.(type) {
	case *gorgonia.F32:
		return []float32{float32(*v)}
	case *gorgonia.F64:
		return []float64{float64(*v)}
	case *gorgonia.I64:
		return []int64{int64(*v)}
	case *tensor.Dense:
		if !slices.Equal(v.Strides(), rowMajorStrides(v.Shape())) {
			v = rowMajor(v)
		}
		switch data := v.Data().(type) {
		case float32:
			return []float32{data}
		case float64:
			return []float64{data}
		case int64:
			return []int64{data}
		default:
			return data
		}
	}
	return nil
}

func rowMajorStrides(shape tensor.Shape) []int {
	strides, step := make([]int, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// rowMajor copies a transposed, sliced or column-major tensor.
func rowMajor(v *tensor.Dense) *tensor.Dense {
	y := tensor.New(tensor.Of(v.Dtype()), tensor.WithShape(v.Shape()...))
	index, strides := make([]int, v.Dims()), v.Strides()
	for i := range y.DataSize() {
		at := 0
		for axis, p := range index {
			at += p * strides[axis]
		}
		y.Set(i, v.Get(at))
		for axis := len(index) - 1; axis >= 0; axis-- {
			if index[axis]++; index[axis] < v.Shape()[axis] {
				break
			}
			index[axis] = 0
		}
	}
	return y
}

// scratch32 and scratch64 keep the kernels' working memory between calls.
var scratch32, scratch64 sync.Pool

// withScratch calls f with size elements of working memory, whose contents are
// arbitrary.
func withScratch[T ref.Float](size int, f func(scratch []T)) {
	pool := &scratch32
	if _, ok := any(T(0)).(float64); ok {
		pool = &scratch64
	}
	s, _ := pool.Get().(*[]T)
	if s == nil || cap(*s) < size {
		fresh := make([]T, size)
		s = &fresh
	}
	f((*s)[:size])
	pool.Put(s)
}
