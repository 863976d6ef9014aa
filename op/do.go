package op

import (
	"slices"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

// Do runs the operator's step on the host: on *tensor.Dense, or *gorgonia.F32 and
// *gorgonia.F64 for scalars. The result is newly allocated.
func (o *operator) Do(values ...gorgonia.Value) (result gorgonia.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, o.errorf(ErrKernel, "panic: %v", p)
		}
	}()
	in, err := o.operands(values)
	if err != nil {
		return nil, err
	}
	if o.check != nil {
		if err := o.check(o, in); err != nil {
			return nil, err
		}
	}
	out := newElements(dtypeOf(o.out), o.shape.TotalSize())
	if err := ref.Run(o.step(), in, []any{out}); err != nil {
		return nil, o.errorf(ErrKernel, "%v", err)
	}
	if o.shape.IsScalar() {
		return scalarValue(out), nil
	}
	return tensor.New(tensor.WithShape(o.shape...), tensor.WithBacking(out)), nil
}

// operands checks the values and returns their row-major elements.
func (o *operator) operands(values []gorgonia.Value) ([]any, error) {
	if len(values) != len(o.in) {
		return nil, o.errorf(ErrShape, "%d operands, want %d", len(values), len(o.in))
	}
	in := make([]any, len(values))
	for i, v := range values {
		if v == nil {
			return nil, o.errorf(ErrType, "operand %d has no value", i)
		}
		if !slices.Equal(v.Shape(), o.in[i].shape) {
			return nil, o.errorf(ErrShape, "operand %d is a value of shape %v, want %v", i, []int(v.Shape()), []int(o.in[i].shape))
		}
		in[i] = elements(v)
		if want := dtypeOf(o.in[i].typ); in[i] == nil || v.Dtype() != want {
			return nil, o.errorf(ErrType, "operand %d is a %T of %v, want %v", i, v, v.Dtype(), want)
		}
	}
	return in, nil
}

// step is the device's step for the operator.
func (o *operator) step() *device.Step {
	s := &device.Step{Kind: o.kind, Attr: o.attr, Path: o.path}
	for _, in := range o.in {
		s.In = append(s.In, &device.Tensor{Shape: in.shape, DType: deviceType(in.typ)})
	}
	s.Out = []*device.Tensor{{Shape: o.shape, DType: deviceType(o.out)}}
	return s
}

func deviceType(t hm.Type) device.DType {
	switch dtypeOf(t) {
	case tensor.Float32:
		return device.Float32
	case tensor.Float64:
		return device.Float64
	}
	return device.Int64
}

func newElements(dt tensor.Dtype, n int) any {
	switch dt {
	case tensor.Float32:
		return make([]float32, n)
	case tensor.Float64:
		return make([]float64, n)
	}
	return make([]int64, n)
}

func scalarValue(elements any) gorgonia.Value {
	switch x := elements.(type) {
	case []float32:
		return gorgonia.NewF32(x[0])
	case []float64:
		return gorgonia.NewF64(x[0])
	}
	return gorgonia.NewI64(elements.([]int64)[0])
}

// elements returns a value's elements in row-major order: the value's own memory if
// it has that order, else a copy. It is nil for types that no operator takes.
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
		case []float32, []float64, []int64:
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
