package devicetest

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

func linearCases() (cases []testCase) {
	for _, l := range [][3]int{ // batch, inputs, outputs
		{1, 1, 1}, {2, 5, 3}, {3, 16, 37}, {8, 64, 37}, {1, 100, 40}, {14, 48, 32}, {15, 130, 19}, {7, 2048, 37}, {6, 1000, 70}, {64, 40, 33},
		{5, 4100, 12}, {29, 1008, 100},
	} {
		n, in, out := l[0], l[1], l[2]
		name := fmt.Sprintf("%dx%d_to_%d", n, in, out)
		x, w, dy := act(n, in), param(out, in), act(n, out)
		for _, a := range []device.LinearAttr{{}, {ReLU: true}, {Bias: true}, {Bias: true, ReLU: true}} {
			operands := []operand{x, w}
			if a.Bias {
				operands = append(operands, param(out))
			}
			cases = append(cases, testCase{
				name: fmt.Sprintf("%s_bias%v_relu%v", name, a.Bias, a.ReLU), kind: device.Linear, attr: a, in: operands, out: []operand{dy},
			})
		}
		lr := operand{shape: []int{}, scale: 0.05, offset: 0.1, role: device.Input}
		cases = append(cases,
			testCase{name: name, kind: device.LinearGradInput, in: []operand{dy, w}, out: []operand{x}},
			testCase{name: name, kind: device.LinearGradWeight, in: []operand{x, dy}, out: []operand{grad(out, in)}},
			testCase{
				name: name, kind: device.LinearUpdate, attr: device.SGDAttr{Momentum: 0.9, WeightDecay: 5e-4},
				in: []operand{x, dy, w, w, lr}, out: []operand{grad(out, in), grad(out, in)},
			},
			testCase{
				name: name + "_nesterov", kind: device.LinearUpdate, attr: device.SGDAttr{Momentum: 0.9, Nesterov: true},
				in: []operand{x, dy, w, w, lr}, out: []operand{grad(out, in), grad(out, in)},
			},
			testCase{
				name: name + "_plain", kind: device.LinearUpdate, attr: device.SGDAttr{WeightDecay: 5e-4},
				in: []operand{x, dy, w, lr}, out: []operand{grad(out, in)},
			})
	}
	return cases
}

func lossCases() (cases []testCase) {
	for _, l := range [][2]int{{1, 2}, {3, 5}, {8, 37}, {5, 64}} {
		n, k := l[0], l[1]
		logits := operand{shape: []int{n, k}, scale: 4}
		labels := operand{shape: []int{n}, role: device.Input}
		for i := range n {
			labels.ints = append(labels.ints, int64(i*7%k))
		}
		soft := operand{shape: []int{n, k}, scale: 0.5, offset: 0.5, role: device.Input}
		scalar := operand{shape: []int{}, scale: 1, offset: 1}
		name := fmt.Sprintf("%dx%d", n, k)
		cases = append(cases,
			testCase{name: name, kind: device.Softmax, in: []operand{logits}, out: []operand{logits}},
			testCase{name: name, kind: device.ArgMax, in: []operand{logits}, out: []operand{{shape: []int{n}, ints: make([]int64, n)}}})
		for _, e := range []float64{0, 0.1} {
			a := device.CrossEntropyAttr{Smoothing: e}
			for i, target := range []operand{labels, soft} {
				called := fmt.Sprintf("%s_target%d_smoothing%v", name, i, e)
				cases = append(cases,
					testCase{name: called, kind: device.SoftmaxCrossEntropy, attr: a, in: []operand{logits, target}, out: []operand{scalar}},
					testCase{name: called, kind: device.SoftmaxCrossEntropyGrad, attr: a, in: []operand{logits, target, scalar}, out: []operand{logits}})
			}
		}
	}
	return cases
}

func sgdCases() (cases []testCase) {
	lr := operand{shape: []int{}, scale: 0.05, offset: 0.1, role: device.Input}
	for _, shape := range [][]int{{5}, {64}, {3, 40}, {17, 5, 3, 3}, {64, 64, 3, 3}} {
		w, g := param(shape...), grad(shape...)
		for _, a := range []device.SGDAttr{{Momentum: 0.9, WeightDecay: 5e-4}, {Momentum: 0.9}, {Momentum: 0.9, WeightDecay: 1e-2, Nesterov: true}} {
			name := fmt.Sprintf("%v_%+v", shape, a)
			step := []operand{w, w, lr}
			if a.Nesterov {
				step = append(step, g)
			}
			cases = append(cases,
				testCase{name: name, kind: device.SGD, attr: a, in: []operand{w, w, g, lr}, out: []operand{g, g}},
				testCase{name: name, kind: device.SGDVelocity, attr: a, in: []operand{w, g, w}, out: []operand{g}},
				testCase{name: name, kind: device.SGDWeight, attr: a, in: step, out: []operand{g}})
		}
		a := device.SGDAttr{WeightDecay: 5e-4}
		cases = append(cases,
			testCase{name: fmt.Sprint(shape, "_plain"), kind: device.SGD, attr: a, in: []operand{w, g, lr}, out: []operand{g}},
			testCase{name: fmt.Sprint(shape, "_plain"), kind: device.SGDWeight, attr: a, in: []operand{w, g, lr}, out: []operand{g}})
	}
	return cases
}

// adamCases are the steps of AdamW, of moving averages and of norms.
func adamCases() (cases []testCase) {
	lr := operand{shape: []int{}, scale: 0.05, offset: 0.1, role: device.Input}
	step := operand{shape: []int{}, scale: 0.5, offset: 3, role: device.Input}
	for _, shape := range [][]int{{5}, {64}, {3, 40}, {17, 5, 3, 3}, {64, 64, 3, 3}} {
		w, g := param(shape...), grad(shape...)
		square := param(shape...)
		square.scale, square.offset = 0.1, 0.5
		name := fmt.Sprint(shape)
		cases = append(cases,
			testCase{name: name, kind: device.Lerp, attr: device.LerpAttr{Weight: 0.1}, in: []operand{w, g}, out: []operand{g}},
			testCase{name: name, kind: device.SquareLerp, attr: device.LerpAttr{Weight: 0.001}, in: []operand{square, g}, out: []operand{g}},
			testCase{name: name, kind: device.AdamWeight, attr: device.AdamAttr{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01},
				in: []operand{w, w, square, lr, step}, out: []operand{g}},
			testCase{name: name, kind: device.SumSquares, in: []operand{g}, out: []operand{{shape: []int{}}}},
			testCase{name: name + "_and_more", kind: device.SumSquares, in: []operand{g, act(2, 17, 3, 3), grad(7), g, act(50000)}, out: []operand{{shape: []int{}}}})
	}
	return cases
}

func reshapeCases() (cases []testCase) {
	for _, r := range [][2]operand{
		{act(2, 16, 7, 7), act(2, 784)}, {act(3, 5, 2, 3), act(3, 30)}, {act(2, 784), act(2, 16, 7, 7)}, {act(3, 30), act(3, 5, 2, 3)},
		{act(4, 20, 1, 1), act(4, 20)}, {act(2, 3, 4, 5), grad(2, 3, 4, 5)}, {grad(17, 5, 3, 3), act(17, 5, 3, 3)}, {act(6, 4), act(24)},
		{act(2, 3, 8, 8).input(), act(2, 192)}, {act(2, 6), act(1, 12, 1, 1)},
	} {
		cases = append(cases, testCase{
			name: fmt.Sprintf("%v_to_%v_param%v", r[0].shape, r[1].shape, r[1].param), kind: device.Reshape, in: []operand{r[0]}, out: []operand{r[1]},
		})
	}
	return cases
}

// nanCases have values that are not numbers, which no maximum may lose.
func nanCases() (cases []testCase) {
	x := operand{shape: []int{2, 17, 5, 6}, scale: 1, nan: true}
	clean, row := act(x.shape...), param(17)
	add := func(kind device.Kind, attr any, out operand, in ...operand) {
		cases = append(cases, testCase{name: fmt.Sprintf("NaN%d", len(cases)), kind: kind, attr: attr, in: in, out: []operand{out}})
	}
	for _, k := range []int{2, 3} {
		g := geometry.Pool2D{N: 2, C: 17, H: 5, W: 6, KH: k, KW: k, StrideH: 2, StrideW: 2, PadH: k / 3, PadW: k / 3}
		a, y := device.PoolAttr{Pool2D: g}, act(g.OutputShape()...)
		add(device.MaxPool, a, y, x)
		add(device.MaxPoolGrad, a, clean, x, y)
	}
	add(device.ReLU, nil, clean, x)
	add(device.ReLUGrad, nil, clean, x, clean)
	add(device.Add, device.AddAttr{ReLU: true}, clean, x, clean)
	add(device.BiasAdd, device.BiasAttr{ReLU: true}, clean, x, row)
	stats := operand{shape: []int{2, 17}, scale: 0.4, offset: 0.5}
	add(device.BatchNormApply, device.BatchNormAttr{Eps: 1e-5, ReLU: true}, clean, x, stats, row, row)
	g := conv2D(2, 17, 5, 6, 33, 3, 1, 1, 1)
	add(device.Conv2D, device.ConvAttr{Conv2D: g, Bias: true, ReLU: true}, act(g.OutputShape()...), x, param(g.WeightShape()...), param(33))
	rows := operand{shape: []int{5, 20}, scale: 1, nan: true}
	add(device.Linear, device.LinearAttr{Bias: true, ReLU: true}, act(5, 7), rows, param(7, 20), param(7))
	add(device.BiasAdd, device.BiasAttr{ReLU: true}, act(5, 20), rows, param(20))
	return cases
}
