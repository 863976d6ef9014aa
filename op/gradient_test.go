package op_test

import (
	"fmt"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/op"
)

type (
	graph = *gorgonia.ExprGraph
	nodes = gorgonia.Nodes
	node  = *gorgonia.Node
)

// gradientCase is an operator on inputs of an awkward shape.
type gradientCase struct {
	name   string
	build  optest.Build
	inputs []optest.Input
}

func TestGradients(t *testing.T) {
	for _, family := range gradientFamilies() {
		for _, c := range family {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				optest.GradCheck(t, c.build, c.inputs...)
			})
		}
	}
}

func gradientFamilies() [][]gradientCase {
	return [][]gradientCase{
		convCases(), biasCases(), batchNormCases(), poolCases(), linearCases(), activationCases(), elementwiseCases(), lossCases(),
	}
}

func convCases() (cases []gradientCase) {
	type two = [2]int
	for _, c := range []struct {
		x, w [4]int
		o    op.Conv2DOptions
	}{
		{[4]int{2, 3, 5, 5}, [4]int{4, 3, 3, 3}, op.Conv2DOptions{}},
		{[4]int{2, 3, 5, 5}, [4]int{4, 3, 3, 3}, op.Conv2DOptions{Padding: two{1, 1}}},
		{[4]int{2, 3, 7, 6}, [4]int{4, 3, 3, 3}, op.Conv2DOptions{Padding: two{1, 1}, Stride: two{2, 2}}},
		{[4]int{1, 2, 7, 8}, [4]int{3, 2, 3, 2}, op.Conv2DOptions{Padding: two{2, 1}, Stride: two{3, 2}}},
		{[4]int{1, 2, 9, 9}, [4]int{3, 2, 3, 3}, op.Conv2DOptions{Padding: two{2, 2}, Dilation: two{2, 2}}},
		{[4]int{1, 2, 9, 7}, [4]int{3, 2, 2, 3}, op.Conv2DOptions{Padding: two{1, 3}, Dilation: two{3, 2}, Stride: two{2, 1}}},
		{[4]int{2, 4, 5, 5}, [4]int{6, 2, 3, 3}, op.Conv2DOptions{Padding: two{1, 1}, Groups: 2}},
		{[4]int{2, 4, 5, 5}, [4]int{4, 1, 3, 3}, op.Conv2DOptions{Padding: two{1, 1}, Stride: two{2, 2}, Groups: 4}},
		{[4]int{2, 5, 4, 3}, [4]int{6, 5, 1, 1}, op.Conv2DOptions{}},
		{[4]int{2, 5, 5, 4}, [4]int{6, 5, 1, 1}, op.Conv2DOptions{Stride: two{2, 2}}},
		{[4]int{1, 3, 1, 1}, [4]int{5, 3, 1, 1}, op.Conv2DOptions{}},
		{[4]int{1, 3, 1, 1}, [4]int{5, 3, 3, 3}, op.Conv2DOptions{Padding: two{1, 1}}},
		{[4]int{1, 1, 2, 2}, [4]int{1, 1, 1, 1}, op.Conv2DOptions{Padding: two{2, 2}, Stride: two{3, 3}}},
		{[4]int{1, 3, 11, 11}, [4]int{2, 3, 7, 7}, op.Conv2DOptions{Padding: two{3, 3}, Stride: two{2, 2}}},
		{[4]int{3, 17, 4, 4}, [4]int{19, 17, 3, 3}, op.Conv2DOptions{Padding: two{1, 1}}},
	} {
		cases = append(cases, gradientCase{
			fmt.Sprintf("conv2d/x%v_w%v_%+v", c.x, c.w, c.o),
			func(_ graph, in nodes) (node, error) { return op.Conv2D("conv", in[0], in[1], c.o) },
			[]optest.Input{optest.Random("x", 1, c.x[:]...), optest.Random("w", 2, c.w[:]...)},
		})
	}
	return cases
}

func biasCases() (cases []gradientCase) {
	for _, shape := range [][]int{{2, 3, 4, 5}, {1, 1, 1, 1}, {4, 3}} {
		cases = append(cases, gradientCase{
			fmt.Sprintf("biasadd/%v", shape),
			func(_ graph, in nodes) (node, error) { return op.BiasAdd("conv", in[0], in[1]) },
			[]optest.Input{optest.Random("x", 1, shape...), optest.Random("b", 2, shape[1])},
		})
	}
	return cases
}

func batchNormCases() (cases []gradientCase) {
	for _, c := range []struct {
		name          string
		scale, offset float64
		shape         []int
	}{
		{"plain", 1, 0, []int{3, 4, 3, 5}},
		{"batch 1", 1, 0, []int{1, 2, 3, 3}},
		{"1×1 maps", 1, 0, []int{4, 3, 1, 1}},
		{"vectors", 1, 0, []int{5, 3}},
		{"mean of 1000 deviations", 1.7, 1000, []int{3, 2, 4, 4}},
	} {
		x := optest.Affine("x", 1, c.scale, c.offset, c.shape...)
		gamma, beta := optest.Affine("gamma", 2, 0.5, 1, c.shape[1]), optest.Random("beta", 3, c.shape[1])
		cases = append(cases, gradientCase{
			"batchnorm training/" + c.name,
			func(_ graph, in nodes) (node, error) {
				stats, err := op.BatchNormStats("bn", in[0])
				if err != nil {
					return nil, err
				}
				return op.BatchNormApply("bn", in[0], stats, in[1], in[2], 1e-5, true)
			},
			[]optest.Input{x, gamma, beta},
		})
		mean := optest.Affine("mean", 4, 1, c.offset, c.shape[1]).Fixed()
		variance := optest.Affine("variance", 5, 0.4, 0.5, c.shape[1]).Fixed()
		cases = append(cases, gradientCase{
			"batchnorm evaluation/" + c.name,
			func(_ graph, in nodes) (node, error) {
				stats, err := op.BatchNormPack("bn", in[3], in[4])
				if err != nil {
					return nil, err
				}
				return op.BatchNormApply("bn", in[0], stats, in[1], in[2], 1e-5, false)
			},
			[]optest.Input{x, gamma, beta, mean, variance},
		})
	}
	return cases
}

func poolCases() (cases []gradientCase) {
	type two = [2]int
	for _, c := range []struct {
		x []int
		o op.PoolOptions
	}{
		{[]int{2, 3, 4, 6}, op.PoolOptions{Kernel: two{2, 2}}},
		{[]int{1, 2, 7, 7}, op.PoolOptions{Kernel: two{3, 3}, Stride: two{2, 2}, Padding: two{1, 1}}},
		{[]int{1, 2, 8, 6}, op.PoolOptions{Kernel: two{3, 3}, Stride: two{2, 2}, Padding: two{1, 1}, CeilMode: true}},
		{[]int{1, 2, 5, 5}, op.PoolOptions{Kernel: two{2, 2}, CeilMode: true}},
		{[]int{1, 2, 5, 5}, op.PoolOptions{Kernel: two{2, 2}, CeilMode: true, CountIncludePad: true}},
		{[]int{2, 1, 7, 5}, op.PoolOptions{Kernel: two{3, 2}, Stride: two{2, 3}, Padding: two{1, 1}, CountIncludePad: true}},
		{[]int{2, 1, 8, 5}, op.PoolOptions{Kernel: two{3, 2}, Stride: two{2, 3}, Padding: two{1, 1}, CeilMode: true, CountIncludePad: true}},
		{[]int{1, 3, 1, 1}, op.PoolOptions{Kernel: two{1, 1}}},
		{[]int{1, 3, 1, 1}, op.PoolOptions{Kernel: two{2, 2}, CeilMode: true}},
		{[]int{1, 1, 5, 4}, op.PoolOptions{Kernel: two{3, 3}, Stride: two{1, 1}, Padding: two{1, 1}}},
	} {
		x := []optest.Input{optest.Random("x", 1, c.x...)}
		name := fmt.Sprintf("%v_%+v", c.x, c.o)
		cases = append(cases,
			gradientCase{"maxpool/" + name, func(_ graph, in nodes) (node, error) { return op.MaxPool2D("pool", in[0], c.o) }, x},
			gradientCase{"avgpool/" + name, func(_ graph, in nodes) (node, error) { return op.AvgPool2D("pool", in[0], c.o) }, x})
	}
	for _, c := range []struct {
		x   []int
		out two
	}{
		{[]int{2, 3, 7, 5}, two{1, 1}}, {[]int{1, 2, 10, 9}, two{7, 7}}, {[]int{1, 2, 2, 2}, two{7, 7}},
		{[]int{1, 1, 1, 1}, two{1, 1}}, {[]int{1, 2, 7, 7}, two{7, 7}}, {[]int{2, 1, 5, 8}, two{3, 2}},
	} {
		cases = append(cases, gradientCase{
			fmt.Sprintf("adaptiveavgpool/%v_%v", c.x, c.out),
			func(_ graph, in nodes) (node, error) { return op.AdaptiveAvgPool2D("pool", in[0], c.out[0], c.out[1]) },
			[]optest.Input{optest.Random("x", 1, c.x...)},
		})
	}
	return cases
}

func linearCases() (cases []gradientCase) {
	for _, s := range [][3]int{{3, 5, 4}, {1, 1, 1}, {1, 7, 3}, {5, 9, 1}, {2, 300, 6}} {
		cases = append(cases, gradientCase{
			fmt.Sprintf("linear/%v", s),
			func(_ graph, in nodes) (node, error) { return op.Linear("fc", in[0], in[1]) },
			[]optest.Input{optest.Random("x", 1, s[0], s[1]), optest.Random("w", 2, s[2], s[1])},
		})
	}
	return cases
}

func activationCases() (cases []gradientCase) {
	for act := range device.Acts() {
		for _, shape := range [][]int{{2, 3, 3, 3}, {9}} {
			for _, scale := range []float64{1, 6} {
				cases = append(cases, gradientCase{
					fmt.Sprintf("%v/%v_to_%v", act, shape, scale),
					func(_ graph, in nodes) (node, error) { return op.Activate("a", in[0], act) },
					[]optest.Input{optest.Affine("x", 1, scale, 0, shape...)},
				})
			}
		}
	}
	return cases
}

func elementwiseCases() []gradientCase {
	x := func(shape ...int) optest.Input { return optest.Random("x", 1, shape...) }
	y := func(shape ...int) optest.Input { return optest.Random("y", 2, shape...) }
	return []gradientCase{
		{"add/4-D", func(_ graph, in nodes) (node, error) { return op.Add("a", in[0], in[1]) }, []optest.Input{x(2, 3, 2, 1), y(2, 3, 2, 1)}},
		{"add/twice", func(_ graph, in nodes) (node, error) { return op.Add("a", in[0], in[0]) }, []optest.Input{x(2, 3)}},
		{"scale", func(_ graph, in nodes) (node, error) { return op.Scale("s", in[0], in[1]) },
			[]optest.Input{x(2, 3), optest.Random("s", 3).Fixed()}},
		{"flatten", func(_ graph, in nodes) (node, error) { return op.Flatten("f", in[0]) }, []optest.Input{x(2, 3, 2, 2)}},
		{"reshape", func(_ graph, in nodes) (node, error) { return op.Reshape("f", in[0], []int{3, 1, 4}) }, []optest.Input{x(2, 6)}},
		{"dropout", func(_ graph, in nodes) (node, error) { return op.Dropout("d", in[0], in[1], 0.4) },
			[]optest.Input{x(2, 3, 3, 5), optest.Ints("rng", 7, 11)}},
		{"dropout/never", func(_ graph, in nodes) (node, error) { return op.Dropout("d", in[0], in[1], 0) },
			[]optest.Input{x(2, 5), optest.Ints("rng", 7, 11)}},
		{"fan-in", fanIn, []optest.Input{x(2, 3, 4, 4), optest.Random("w", 2, 3, 3, 3, 3)}},
		{"fan-in of 1×1 maps", fanIn, []optest.Input{x(1, 1, 1, 1), optest.Random("w", 2, 1, 1, 3, 3)}},
		{"foreign", foreign, []optest.Input{x(2, 3), y(4, 3)}},
		{"foreign transpose", foreignTranspose, []optest.Input{x(3, 2), y(4, 3)}},
	}
}

// fanIn is a residual block with a third reader: Gorgonia sums x's gradients with
// its own operator.
func fanIn(_ graph, in nodes) (node, error) {
	y, err := op.Conv2D("conv", in[0], in[1], op.Conv2DOptions{Padding: [2]int{1, 1}})
	if err != nil {
		return nil, err
	}
	z, err := op.Add("shortcut", y, in[0])
	if err != nil {
		return nil, err
	}
	if z, err = op.ReLU("relu", z); err != nil {
		return nil, err
	}
	return op.Add("again", z, in[0])
}

// foreign has Gorgonia's own operators before and after ours.
func foreign(_ graph, in nodes) (node, error) {
	x, err := gorgonia.Tanh(in[0])
	if err != nil {
		return nil, err
	}
	y, err := op.Linear("fc", x, in[1])
	if err != nil {
		return nil, err
	}
	return gorgonia.Sigmoid(y)
}

// foreignTranspose hands us a value that is not row-major.
func foreignTranspose(_ graph, in nodes) (node, error) {
	x, err := gorgonia.Transpose(in[0])
	if err != nil {
		return nil, err
	}
	return op.Linear("fc", x, in[1])
}

func lossCases() (cases []gradientCase) {
	probabilities := optest.Affine("target", 9, 0.3, 0.5, 4, 5).Fixed()
	for _, smoothing := range []float64{0, 0.1, 1} {
		for name, target := range map[string]optest.Input{"labels": optest.Ints("target", 0, 4, 2, 2), "probabilities": probabilities} {
			for scale, size := range map[float64]string{1: "small", 300: "huge"} {
				cases = append(cases, gradientCase{
					fmt.Sprintf("cross-entropy/%s smoothing %v %s logits", name, smoothing, size),
					func(_ graph, in nodes) (node, error) { return op.SoftmaxCrossEntropy("loss", in[0], in[1], smoothing) },
					[]optest.Input{optest.Affine("logits", 1, scale, 0, 4, 5), target},
				})
			}
		}
	}
	return append(cases, gradientCase{
		"cross-entropy/one class",
		func(_ graph, in nodes) (node, error) { return op.SoftmaxCrossEntropy("loss", in[0], in[1], 0) },
		[]optest.Input{optest.Random("logits", 1, 1, 1), optest.Ints("target", 0)},
	})
}
