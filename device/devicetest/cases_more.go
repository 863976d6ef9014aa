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
		x, w, dy := feature(n, in), param(out, in), feature(n, out)
		attrs := []device.LinearAttr{{}, {Act: device.ReLU}, {Bias: true}}
		for act := range device.Acts() {
			attrs = append(attrs, device.LinearAttr{Bias: true, Act: act})
		}
		for _, a := range attrs {
			operands := []operand{x, w}
			if a.Bias {
				operands = append(operands, param(out))
			}
			cases = append(cases, testCase{
				name: fmt.Sprintf("%s_bias%v_%v", name, a.Bias, a.Act), kind: device.Linear, attr: a, in: operands, out: []operand{dy},
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
		classes := operand{shape: []int{n}, ints: make([]int64, n)}
		name := fmt.Sprintf("%dx%d", n, k)
		cases = append(cases,
			testCase{name: name, kind: device.Softmax, in: []operand{logits}, out: []operand{logits}},
			testCase{name: name, kind: device.ArgMax, in: []operand{logits}, out: []operand{classes}})
		for _, e := range []float64{0, 0.1} {
			a := device.CrossEntropyAttr{Smoothing: e}
			for i, target := range []operand{labels, soft} {
				called := fmt.Sprintf("%s_target%d_smoothing%v", name, i, e)
				cases = append(cases,
					testCase{name: called, kind: device.SoftmaxCrossEntropy, attr: a, in: []operand{logits, target}, out: []operand{scalar}},
					testCase{name: called, kind: device.SoftmaxCrossEntropyGrad, attr: a, in: []operand{logits, target, scalar}, out: []operand{logits}},
					testCase{name: called, kind: device.ClassificationLoss, attr: a, in: []operand{logits, target, scalar}, out: []operand{scalar, logits, classes}})
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

// adamCases are the steps of AdamW and Lion, of moving averages and of norms.
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
			testCase{name: name, kind: device.LionWeight, attr: device.LionAttr{Beta1: 0.9, WeightDecay: 0.1}, in: []operand{w, w, g, lr}, out: []operand{g}},
			testCase{name: name, kind: device.SumSquares, in: []operand{g}, out: []operand{{shape: []int{}}}},
			testCase{name: name + "_and_more", kind: device.SumSquares, in: []operand{g, feature(2, 17, 3, 3), grad(7), g, feature(50000)}, out: []operand{{shape: []int{}}}})
	}
	return cases
}

func reshapeCases() (cases []testCase) {
	for _, r := range [][2]operand{
		{feature(2, 16, 7, 7), feature(2, 784)}, {feature(3, 5, 2, 3), feature(3, 30)}, {feature(2, 784), feature(2, 16, 7, 7)}, {feature(3, 30), feature(3, 5, 2, 3)},
		{feature(4, 20, 1, 1), feature(4, 20)}, {feature(2, 3, 4, 5), grad(2, 3, 4, 5)}, {grad(17, 5, 3, 3), feature(17, 5, 3, 3)}, {feature(6, 4), feature(24)},
		{feature(2, 3, 8, 8).input(), feature(2, 192)}, {feature(2, 6), feature(1, 12, 1, 1)},
	} {
		cases = append(cases, testCase{
			name: fmt.Sprintf("%v_to_%v_param%v", r[0].shape, r[1].shape, r[1].param), kind: device.Reshape, in: []operand{r[0]}, out: []operand{r[1]},
		})
	}
	return cases
}

// castCases store copies of several parameters in one step.
func castCases() []testCase {
	all := []operand{param(5), param(3, 40), param(17, 5, 3, 3), param(64, 33, 1, 1), param(130, 70, 3, 3)}
	copies := []operand{grad(5), grad(3, 40), grad(17, 5, 3, 3), grad(64, 33, 1, 1), grad(130, 70, 3, 3)}
	return []testCase{{name: "one", kind: device.Cast, in: all[2:3], out: copies[2:3]}, {name: "several", kind: device.Cast, in: all, out: copies}}
}

// nanCases have NaN in their operands, which a maximum must return.
func nanCases() (cases []testCase) {
	x := operand{shape: []int{2, 17, 5, 6}, scale: 1, nan: true}
	clean, row := feature(x.shape...), param(17)
	add := func(kind device.Kind, attr any, out operand, in ...operand) {
		cases = append(cases, testCase{name: fmt.Sprintf("NaN%d", len(cases)), kind: kind, attr: attr, in: in, out: []operand{out}})
	}
	for _, k := range []int{2, 3} {
		g := geometry.Pool2D{N: 2, C: 17, H: 5, W: 6, KH: k, KW: k, StrideH: 2, StrideW: 2, PadH: k / 3, PadW: k / 3}
		a, y := device.PoolAttr{Pool2D: g}, feature(g.OutputShape()...)
		add(device.MaxPool, a, y, x)
		add(device.MaxPoolGrad, a, clean, x, y)
	}
	stats := operand{shape: []int{2, 17}, scale: 0.4, offset: 0.5}
	g := conv2D(2, 17, 5, 6, 33, 3, 1, 1, 1)
	rows := operand{shape: []int{5, 20}, scale: 1, nan: true}
	for act := range device.Acts() {
		a := device.ActAttr{Act: act}
		add(device.Activate, a, clean, x)
		add(device.ActivateGrad, a, clean, x, clean)
		add(device.ActivateGrad, a, clean, clean, x)
		add(device.Add, device.AddAttr{Act: act}, clean, x, clean)
		add(device.BiasAdd, device.BiasAttr{Act: act}, clean, x, row)
		add(device.BatchNormApply, device.BatchNormAttr{Eps: 1e-5, Act: act}, clean, x, stats, row, row)
		add(device.Conv2D, device.ConvAttr{Conv2D: g, Bias: true, Act: act}, feature(g.OutputShape()...), x, param(g.WeightShape()...), param(33))
		add(device.Linear, device.LinearAttr{Bias: true, Act: act}, feature(5, 7), rows, param(7, 20), param(7))
		add(device.BiasAdd, device.BiasAttr{Act: act}, feature(5, 20), rows, param(20))
	}
	return cases
}
