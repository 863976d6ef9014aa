package op_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/op"
)

func leaf(g graph, name string, shape ...int) node {
	return optest.Random(name, uint64(len(name)), shape...).Node(g, tensor.Float32)
}

func TestErrors(t *testing.T) {
	g := gorgonia.NewGraph()
	x := leaf(g, "x", 8, 3, 32, 32)
	flat := leaf(g, "flat", 8, 10)
	weight := leaf(g, "weight", 64, 64, 3, 3)
	small := leaf(g, "small", 4, 3, 3, 3)
	vector, scalar := leaf(g, "vector", 3), leaf(g, "scalar")
	double := optest.Random("double", 1, 3).Node(g, tensor.Float64)
	labels, rng := optest.Ints("labels", 1, 2, 3).Node(g, tensor.Float32), optest.Ints("rng", 1, 2).Node(g, tensor.Float32)
	stats := leaf(g, "stats", 2, 3)
	type two = [2]int
	for _, c := range []struct {
		build    func() (node, error)
		sentinel error
		message  string
	}{
		{func() (node, error) { return op.Conv2D("layer1.0.conv2", x, weight, op.Conv2DOptions{}) }, op.ErrShape,
			"op: conv2d at layer1.0.conv2: input [8 3 32 32] has 3 channels, weight [64 64 3 3] wants 64"},
		{func() (node, error) { return op.Conv2D("", flat, weight, op.Conv2DOptions{}) }, op.ErrShape,
			"op: conv2d: input has shape [8 10], want 4 axes"},
		{func() (node, error) { return op.Conv2D("c", nil, weight, op.Conv2DOptions{}) }, op.ErrType, "op: conv2d at c: input is missing"},
		{func() (node, error) { return op.Conv2D("c", x, labels, op.Conv2DOptions{}) }, op.ErrType,
			"op: conv2d at c: weight is int64, want float32 or float64"},
		{func() (node, error) { return op.Conv2D("c", x, small, op.Conv2DOptions{Stride: two{-1, 1}}) }, op.ErrAttribute, "stride -1×1"},
		{func() (node, error) { return op.Conv2D("c", x, small, op.Conv2DOptions{Padding: two{-1, 1}}) }, op.ErrAttribute, "padding -1×1"},
		{func() (node, error) { return op.Conv2D("c", x, small, op.Conv2DOptions{Groups: -1}) }, op.ErrAttribute, "groups"},
		{func() (node, error) { return op.Conv2D("c", x, small, op.Conv2DOptions{Groups: 2}) }, op.ErrShape, "wants 6"},
		{func() (node, error) { return op.Conv2D("c", x, small, op.Conv2DOptions{Dilation: two{20, 20}}) }, op.ErrShape, "does not fit"},
		{func() (node, error) { return op.BiasAdd("c", flat, vector) }, op.ErrShape,
			"op: biasadd at c: input [8 10] wants bias of shape [10], got [3]"},
		{func() (node, error) { return op.BiasAdd("c", x, double) }, op.ErrType, "bias is float64, input is float32"},
		{func() (node, error) { return op.BatchNormStats("bn", vector) }, op.ErrShape,
			"op: batchnormstats at bn: input has shape [3], want 2, 3 or 4 axes"},
		{func() (node, error) { return op.BatchNormApply("bn", x, stats, vector, double, 1e-5, true) }, op.ErrType, "beta is float64"},
		{func() (node, error) { return op.BatchNormApply("bn", x, vector, vector, vector, 1e-5, true) }, op.ErrShape, "stats of shape [2 3]"},
		{func() (node, error) { return op.BatchNormApply("bn", x, stats, vector, vector, math.NaN(), true) }, op.ErrAttribute, "eps is NaN"},
		{func() (node, error) { return op.BatchNormPack("bn", vector, leaf(g, "v4", 4)) }, op.ErrShape, "mean has shape [3]"},
		{func() (node, error) { return op.RunningVar("bn", vector, stats, 0.1, 1) }, op.ErrShape, "at least 2"},
		{func() (node, error) { return op.RunningMean("bn", vector, stats, 1.5) }, op.ErrAttribute, "momentum is 1.5"},
		{func() (node, error) { return op.ReLU("r", rng) }, op.ErrType, "input is int64"},
		{func() (node, error) { return op.Add("layer2.0", x, small) }, op.ErrShape,
			"op: add at layer2.0: first input has shape [8 3 32 32], second input has [4 3 3 3]"},
		{func() (node, error) { return op.Scale("s", x, vector) }, op.ErrShape, "factor has shape [3]"},
		{func() (node, error) { return op.MaxPool2D("p", x, op.PoolOptions{}) }, op.ErrAttribute, "kernel 0×0"},
		{func() (node, error) { return op.MaxPool2D("p", small, op.PoolOptions{Kernel: two{4, 4}}) }, op.ErrShape, "does not fit"},
		{func() (node, error) {
			return op.AvgPool2D("p", x, op.PoolOptions{Kernel: two{2, 2}, Padding: two{2, 2}})
		}, op.ErrAttribute, "half the kernel"},
		{func() (node, error) { return op.AdaptiveAvgPool2D("p", x, 0, 7) }, op.ErrAttribute, "empty axis"},
		{func() (node, error) { return op.Linear("fc", flat, leaf(g, "w", 5, 11)) }, op.ErrShape,
			"op: linear at fc: input [8 10] has 10 features, weight [5 11] wants 11"},
		{func() (node, error) { return op.Dropout("d", x, labels, 0.5) }, op.ErrShape, "rng has shape [3], want [2]"},
		{func() (node, error) { return op.Dropout("d", x, vector, 0.5) }, op.ErrType, "rng is float32"},
		{func() (node, error) { return op.Dropout("d", x, rng, 1) }, op.ErrAttribute, "probability is 1"},
		{func() (node, error) { return op.Flatten("f", vector) }, op.ErrShape, "at least 2 axes"},
		{func() (node, error) { return op.Reshape("f", flat, tensor.Shape{8, 11}) }, op.ErrShape, "80 elements, shape [8 11] wants 88"},
		{func() (node, error) { return op.Reshape("f", flat, tensor.Shape{-1, -80}) }, op.ErrAttribute, "empty axis"},
		{func() (node, error) { return op.SoftmaxCrossEntropy("l", flat, labels, 0) }, op.ErrShape, "target has shape [3], want [8]"},
		{func() (node, error) { return op.SoftmaxCrossEntropy("l", flat, vector, 0) }, op.ErrShape, "target of shape [8 10]"},
		{func() (node, error) { return op.SoftmaxCrossEntropy("l", flat, nil, 0) }, op.ErrType, "target is missing"},
		{func() (node, error) { return op.SoftmaxCrossEntropy("l", flat, flat, -0.1) }, op.ErrAttribute, "smoothing is -0.1"},
		{func() (node, error) { return op.Softmax("l", vector) }, op.ErrShape, "logits has shape [3]"},
		{func() (node, error) { return op.ArgMax("l", labels) }, op.ErrType, "logits is int64"},
		{func() (node, error) { return op.SGDVelocity("w", flat, flat, vector, op.SGDOptions{Momentum: 0.9}) }, op.ErrShape, "velocity has shape"},
		{func() (node, error) { return op.SGDVelocity("w", vector, vector, vector, op.SGDOptions{}) }, op.ErrAttribute, "momentum"},
		{func() (node, error) { return op.SGDWeight("w", vector, vector, vector, nil, op.SGDOptions{}) }, op.ErrShape, "learning rate"},
		{func() (node, error) { return op.SGDWeight("w", vector, vector, scalar, vector, op.SGDOptions{}) }, op.ErrAttribute, "Nesterov"},
		{func() (node, error) {
			return op.SGDWeight("w", vector, vector, scalar, nil, op.SGDOptions{Momentum: 0.9, Nesterov: true})
		}, op.ErrType, "gradient is missing"},
		{func() (node, error) {
			return op.SGDWeight("w", vector, vector, scalar, nil, op.SGDOptions{WeightDecay: -1})
		}, op.ErrAttribute, "weight decay is -1"},
		{func() (node, error) { return op.Lerp("w", vector, flat, 0.1) }, op.ErrShape, "value has shape [8 10]"},
		{func() (node, error) { return op.SquareLerp("w", vector, vector, 1.5) }, op.ErrAttribute, "the weight is 1.5"},
		{func() (node, error) { return op.SumSquares("w", labels) }, op.ErrType, "operand 0 is int64"},
		{func() (node, error) { return op.SumSquares("w", x, labels) }, op.ErrType, "operand 1 is int64"},
		{func() (node, error) { return op.SumSquares("w") }, op.ErrShape, "want at least one operand"},
		{func() (node, error) {
			return op.AdamWeight("w", vector, vector, flat, scalar, scalar, op.AdamOptions{Eps: 1e-8})
		}, op.ErrShape, "second moment has shape [8 10]"},
		{func() (node, error) {
			return op.AdamWeight("w", vector, vector, vector, scalar, vector, op.AdamOptions{Eps: 1e-8})
		}, op.ErrShape, "step has shape [3]"},
		{func() (node, error) {
			return op.AdamWeight("w", vector, vector, vector, scalar, scalar, op.AdamOptions{Beta1: 1, Eps: 1e-8})
		}, op.ErrAttribute, "want betas of 0 to 1"},
		{func() (node, error) {
			return op.LionWeight("w", vector, flat, vector, scalar, op.LionOptions{})
		}, op.ErrShape, "mean has shape [8 10]"},
		{func() (node, error) {
			return op.LionWeight("w", vector, vector, vector, scalar, op.LionOptions{WeightDecay: -1})
		}, op.ErrAttribute, "want a beta of 0 to 1"},
	} {
		y, err := c.build()
		switch {
		case err == nil || y != nil:
			t.Errorf("no error, want %q", c.message)
		case !errors.Is(err, c.sentinel):
			t.Errorf("%v: is not %v", err, c.sentinel)
		case !strings.Contains(err.Error(), c.message):
			t.Errorf("error is %q, want %q", err, c.message)
		}
	}
}

func TestOutputs(t *testing.T) {
	g := gorgonia.NewGraph()
	x, w := leaf(g, "x", 2, 6, 9, 8), leaf(g, "w", 4, 3, 3, 3)
	logits := leaf(g, "logits", 2, 5)
	labels, rng := optest.Ints("labels", 1, 2).Node(g, tensor.Float32), optest.Ints("rng", 1, 2).Node(g, tensor.Float32)
	for _, c := range []struct {
		y     func() (node, error)
		kind  device.Kind
		shape []int
		dtype tensor.Dtype
	}{
		{func() (node, error) {
			return op.Conv2D("p", x, w, op.Conv2DOptions{Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{1, 2}, Groups: 2})
		}, device.Conv2D, []int{2, 4, 5, 4}, tensor.Float32},
		{func() (node, error) {
			return op.MaxPool2D("p", x, op.PoolOptions{Kernel: [2]int{2, 2}, CeilMode: true})
		},
			device.MaxPool, []int{2, 6, 5, 4}, tensor.Float32},
		{func() (node, error) { return op.AdaptiveAvgPool2D("p", x, 7, 1) }, device.AdaptiveAvgPool, []int{2, 6, 7, 1}, tensor.Float32},
		{func() (node, error) { return op.Dropout("p", x, rng, 0.5) }, device.Dropout, []int{2, 6, 9, 8}, tensor.Float32},
		{func() (node, error) { return op.Flatten("p", x) }, device.Reshape, []int{2, 432}, tensor.Float32},
		{func() (node, error) { return op.BatchNormStats("p", x) }, device.BatchNormStats, []int{2, 6}, tensor.Float32},
		{func() (node, error) { return op.ArgMax("p", logits) }, device.ArgMax, []int{2}, tensor.Int64},
		{func() (node, error) { return op.SoftmaxCrossEntropy("p", logits, labels, 0) }, device.SoftmaxCrossEntropy, nil, tensor.Float32},
	} {
		y, err := c.y()
		if err != nil {
			t.Error(err)
			continue
		}
		o, ok := y.Op().(op.Operator)
		if !ok {
			t.Fatalf("%v is no Operator", y.Op())
		}
		if o.Kind() != c.kind || o.Path() != "p" || !slices.Equal(y.Shape(), c.shape) || y.Dtype() != c.dtype {
			t.Errorf("%v: kind %v, path %q, shape %v, type %v; want %v %v %v", o, o.Kind(), o.Path(), y.Shape(), y.Dtype(), c.kind, c.shape, c.dtype)
		}
		if got := o.(gorgonia.SDOp).DiffWRT(o.Arity()); len(got) != o.Arity() {
			t.Errorf("%v: DiffWRT has length %d, want %d", o, len(got), o.Arity())
		}
		if first, second := o.Type(), o.Type(); fmt.Sprintf("%p", first) == fmt.Sprintf("%p", second) {
			t.Errorf("%v: Type returns the same function type twice", o)
		}
	}
}

// TestNodesMergeOnlyIfEqual guards WriteHash: Gorgonia makes one node of two whose
// hashes agree.
func TestNodesMergeOnlyIfEqual(t *testing.T) {
	g := gorgonia.NewGraph()
	x, rng := leaf(g, "x", 1, 2, 4, 4), optest.Ints("rng", 1, 2).Node(g, tensor.Float32)
	w := leaf(g, "w", 2, 2, 3, 3)
	pad := func(p int) op.Conv2DOptions { return op.Conv2DOptions{Padding: [2]int{p, p}} }
	// Same shape of result, other attributes or path.
	for _, pair := range [][2]func() (node, error){
		{func() (node, error) { return op.ReLU("a", x) }, func() (node, error) { return op.ReLU("b", x) }},
		{func() (node, error) { return op.Dropout("a", x, rng, 0.5) }, func() (node, error) { return op.Dropout("b", x, rng, 0.5) }},
		{func() (node, error) { return op.Dropout("a", x, rng, 0.5) }, func() (node, error) { return op.Dropout("a", x, rng, 0.25) }},
		{func() (node, error) { return op.Conv2D("a", x, w, pad(1)) }, func() (node, error) {
			return op.Conv2D("a", x, w, op.Conv2DOptions{Padding: [2]int{2, 2}, Dilation: [2]int{2, 2}})
		}},
		{func() (node, error) { return op.MaxPool2D("a", x, op.PoolOptions{Kernel: [2]int{2, 2}}) },
			func() (node, error) {
				return op.MaxPool2D("a", x, op.PoolOptions{Kernel: [2]int{1, 1}, Stride: [2]int{2, 2}})
			}},
		{func() (node, error) { return op.MaxPool2D("a", x, op.PoolOptions{Kernel: [2]int{2, 2}}) },
			func() (node, error) { return op.AvgPool2D("a", x, op.PoolOptions{Kernel: [2]int{2, 2}}) }},
	} {
		a, errA := pair[0]()
		b, errB := pair[1]()
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		again, _ := pair[0]()
		if a.Op().Hashcode() == b.Op().Hashcode() || a.Hashcode() == b.Hashcode() {
			t.Errorf("%v and %v would merge", a.Op(), b.Op())
		}
		if a.Op().Hashcode() != again.Op().Hashcode() {
			t.Errorf("%v has another hash each time", a.Op())
		}
	}
}

func TestTwoDropoutsDrawDifferentMasks(t *testing.T) {
	both := func(_ graph, in nodes) (node, error) {
		a, err := op.Dropout("a", in[0], in[1], 0.5)
		if err != nil {
			return nil, err
		}
		b, err := op.Dropout("b", in[0], in[1], 0.5)
		if err != nil {
			return nil, err
		}
		return op.Add("sum", a, b)
	}
	ones := optest.Affine("x", 1, 0, 1, 4, 50)
	first := optest.Forward(t, tensor.Float32, both, ones, optest.Ints("rng", 1, 1))
	if !slices.Contains(first, 2) {
		t.Error("the masks agree everywhere: dropouts with different paths have merged")
	}
	if again := optest.Forward(t, tensor.Float32, both, ones, optest.Ints("rng", 1, 1)); !slices.Equal(first, again) {
		t.Error("the same seed and step draw another mask")
	}
	if next := optest.Forward(t, tensor.Float32, both, ones, optest.Ints("rng", 1, 2)); slices.Equal(first, next) {
		t.Error("the next step draws the same mask")
	}
}

// TestDoReportsErrors calls operators with values that their graph would not allow.
func TestDoReportsErrors(t *testing.T) {
	g := gorgonia.NewGraph()
	logits := leaf(g, "logits", 2, 3)
	loss, err := op.SoftmaxCrossEntropy("loss", logits, optest.Ints("labels", 0, 1).Node(g, tensor.Float32), 0)
	if err != nil {
		t.Fatal(err)
	}
	value := func(in optest.Input, dt tensor.Dtype) gorgonia.Value { return in.Node(gorgonia.NewGraph(), dt).Value() }
	good := value(optest.Random("x", 1, 2, 3), tensor.Float32)
	labels := value(optest.Ints("labels", 0, 1), tensor.Float32)
	for _, c := range []struct {
		in       []gorgonia.Value
		sentinel error
		message  string
	}{
		{[]gorgonia.Value{good, value(optest.Ints("l", 0, 3), tensor.Float32)}, op.ErrLabel, "op: softmaxcrossentropy at loss: label 3 of row 1, want 0 to 2"},
		{[]gorgonia.Value{good, value(optest.Ints("l", -1, 0), tensor.Float32)}, op.ErrLabel, "label -1 of row 0"},
		{[]gorgonia.Value{good}, op.ErrShape, "1 operands, want 2"},
		{[]gorgonia.Value{good, nil}, op.ErrType, "operand 1 has no value"},
		{[]gorgonia.Value{value(optest.Random("x", 1, 3, 3), tensor.Float32), labels}, op.ErrShape, "shape [3 3], want [2 3]"},
		{[]gorgonia.Value{value(optest.Random("x", 1, 2, 3), tensor.Float64), labels}, op.ErrType, "operand 0"},
		{[]gorgonia.Value{good, value(optest.Random("l", 1, 2), tensor.Float32)}, op.ErrType, "operand 1"},
	} {
		_, err := loss.Op().Do(c.in...)
		if !errors.Is(err, c.sentinel) || !strings.Contains(err.Error(), c.message) {
			t.Errorf("Do returns %v, want %q", err, c.message)
		}
	}
	if _, err := loss.Op().Do(good, labels); err != nil {
		t.Error(err)
	}
}

// TestDoReadsViews gives operators values that do not lie row by row.
func TestDoReadsViews(t *testing.T) {
	dense := func() *tensor.Dense {
		return tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6}))
	}
	transposed := dense()
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	sliced, err := dense().Slice(nil, gorgonia.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	columns := tensor.New(tensor.WithShape(2, 3), tensor.AsFortran([]float64{1, 2, 3, 4, 5, 6}))
	for _, c := range []struct {
		name  string
		value gorgonia.Value
		want  []float64
	}{
		{"transposed", transposed, []float64{1, 4, 2, 5, 3, 6}},
		{"sliced", sliced, []float64{2, 3, 5, 6}},
		{"column-major", columns, []float64{1, 2, 3, 4, 5, 6}}, // AsFortran reorders its argument
	} {
		x := gorgonia.NewMatrix(gorgonia.NewGraph(), tensor.Float64, gorgonia.WithShape(c.value.Shape()...), gorgonia.WithName("x"))
		y, err := op.ReLU("relu", x)
		if err != nil {
			t.Fatal(err)
		}
		v, err := y.Op().Do(c.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := optest.Floats(v); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestDoLeavesOperandsAlone matters since machines reuse values.
func TestDoLeavesOperandsAlone(t *testing.T) {
	g := gorgonia.NewGraph()
	x := leaf(g, "x", 2, 6)
	y, err := op.Reshape("r", x, tensor.Shape{3, 4})
	if err != nil {
		t.Fatal(err)
	}
	v, err := y.Op().Do(x.Value())
	if err != nil {
		t.Fatal(err)
	}
	v.(*tensor.Dense).Set(0, float32(77))
	if got := optest.Floats(x.Value())[0]; got == 77 {
		t.Error("a result shares its operand's memory")
	}
}

func TestSoftmaxHasNoGradient(t *testing.T) {
	g := gorgonia.NewGraph()
	x := leaf(g, "x", 2, 3)
	y, err := op.Softmax("s", x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := y.Op().(gorgonia.SDOp).SymDiff(nodes{x}, y, y); !errors.Is(err, op.ErrGradient) {
		t.Errorf("SymDiff returns %v, want ErrGradient", err)
	}
}
