package devicetest

import (
	"fmt"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

func feature(shape ...int) operand { return operand{shape: shape, scale: 1} }
func param(shape ...int) operand {
	return operand{shape: shape, scale: 1, param: true, role: device.Slot}
}

// grad is a parameter's gradient: not a slot, but laid out as one.
func grad(shape ...int) operand { return operand{shape: shape, scale: 1, param: true} }

func (o operand) input() operand { o.role = device.Input; return o }
func (o operand) clipped() operand {
	o.sign = true
	return o
}

// withNone are all activations, and None.
func withNone(yield func(device.Act) bool) {
	if yield(device.None) {
		device.Acts()(yield)
	}
}

// conv2D is a convolution of an n×c×h×w input by a k×k kernel.
func conv2D(n, c, h, w, o, k, stride, pad, dilation int) geometry.Conv2D {
	return geometry.Conv2D{
		N: n, C: c, H: h, W: w, O: o, KH: k, KW: k, StrideH: stride, StrideW: stride, PadH: pad, PadW: pad,
		DilationH: dilation, DilationW: dilation, Groups: 1,
	}
}

var convolutions = []geometry.Conv2D{
	conv2D(1, 1, 1, 1, 1, 1, 1, 0, 1),
	conv2D(2, 5, 4, 3, 17, 1, 1, 0, 1),
	conv2D(1, 16, 14, 14, 32, 1, 1, 0, 1),
	conv2D(2, 33, 5, 5, 48, 1, 1, 0, 1),
	conv2D(3, 64, 7, 7, 64, 1, 2, 0, 1),
	conv2D(1, 256, 8, 7, 128, 1, 1, 0, 1),
	conv2D(2, 16, 8, 8, 16, 3, 1, 1, 1),
	conv2D(1, 17, 9, 7, 33, 3, 1, 1, 1),
	conv2D(2, 64, 7, 7, 64, 3, 1, 1, 1),
	conv2D(2, 48, 14, 14, 80, 3, 1, 1, 1),
	conv2D(1, 64, 28, 28, 64, 3, 1, 1, 1),
	conv2D(2, 64, 9, 9, 64, 3, 2, 1, 1),
	conv2D(3, 32, 2, 2, 64, 3, 2, 1, 1),
	conv2D(1, 20, 1, 1, 20, 3, 1, 1, 1),
	conv2D(2, 24, 1, 5, 8, 3, 2, 1, 1),
	conv2D(1, 8, 9, 9, 8, 3, 1, 2, 2),
	conv2D(1, 8, 11, 10, 24, 3, 2, 3, 3),
	conv2D(2, 16, 6, 6, 16, 3, 1, 0, 1),
	conv2D(1, 16, 5, 5, 16, 2, 3, 1, 1),
	conv2D(2, 16, 3, 3, 16, 5, 1, 2, 1),
	conv2D(1, 300, 7, 7, 40, 3, 1, 1, 1),
	conv2D(1, 16, 56, 56, 16, 3, 1, 1, 1),
	{N: 2, C: 6, H: 7, W: 8, O: 9, KH: 3, KW: 2, StrideH: 3, StrideW: 2, PadH: 2, PadW: 1, DilationH: 1, DilationW: 2, Groups: 1},
}

// images are convolutions of a network's input.
var images = []geometry.Conv2D{
	conv2D(2, 3, 17, 15, 64, 7, 2, 3, 1),
	conv2D(3, 3, 8, 8, 32, 3, 2, 1, 1),
	conv2D(1, 3, 9, 9, 20, 3, 1, 1, 1),
	conv2D(2, 1, 5, 5, 16, 5, 1, 2, 1),
	conv2D(1, 4, 6, 6, 33, 1, 1, 0, 1),
	conv2D(1, 3, 30, 31, 40, 3, 1, 1, 1),
	conv2D(1, 3, 224, 224, 8, 7, 2, 3, 1),
}

func convCases() (cases []testCase) {
	for _, g := range convolutions {
		cases = append(cases, convKinds(g, feature(g.InputShape()...))...)
	}
	for _, g := range images {
		cases = append(cases, convKinds(g, feature(g.InputShape()...).input())...)
	}
	return cases
}

// groupedCases are convolutions with groups. They are few, since these may be slow.
func groupedCases() (cases []testCase) {
	g := conv2D(2, 8, 5, 5, 12, 3, 1, 1, 1)
	g.Groups = 4
	return convKinds(g, feature(g.InputShape()...))
}

// convKinds are the forward convolution, plain and fused, and its two gradients.
func convKinds(g geometry.Conv2D, x operand) (cases []testCase) {
	name := fmt.Sprintf("x%v_w%v_s%d_p%d_d%d_g%d", g.InputShape(), g.WeightShape(), g.StrideH, g.PadH, g.DilationH, g.Groups)
	w, y := param(g.WeightShape()...), feature(g.OutputShape()...)
	attrs := []device.ConvAttr{{Conv2D: g}, {Conv2D: g, Act: device.ReLU}, {Conv2D: g, Bias: true}}
	for act := range device.Acts() {
		attrs = append(attrs, device.ConvAttr{Conv2D: g, Bias: true, Act: act})
	}
	for _, a := range attrs {
		in := []operand{x, w}
		if a.Bias {
			in = append(in, param(g.O))
		}
		cases = append(cases, testCase{name: fmt.Sprintf("%s_bias%v_%v", name, a.Bias, a.Act), kind: device.Conv2D, attr: a, in: in, out: []operand{y}})
	}
	dx := x
	dx.role = device.Activation
	a := device.ConvAttr{Conv2D: g}
	return append(cases,
		testCase{name: name, kind: device.Conv2DGradInput, attr: a, in: []operand{y, w}, out: []operand{dx}},
		testCase{name: name, kind: device.Conv2DGradWeight, attr: a, in: []operand{x, y}, out: []operand{grad(g.WeightShape()...)}})
}

func batchNormCases() (cases []testCase) {
	for _, m := range []struct {
		shape         []int
		scale, offset float64
		tolerant      float64
	}{
		{[]int{2, 16, 4, 4}, 1, 0, 1}, {[]int{1, 5, 3, 3}, 1, 0, 1}, {[]int{3, 33, 7, 5}, 2, 1, 1}, {[]int{4, 20, 1, 1}, 1, 0, 1},
		{[]int{2, 16, 40, 40}, 1, 0, 1}, {[]int{2, 17, 33, 31}, 1.7, 1000, 30}, {[]int{6, 7}, 1, 0, 1}, {[]int{1, 3, 224, 224}, 1, 0, 1},
	} {
		c := m.shape[1]
		x := operand{shape: m.shape, scale: m.scale, offset: m.offset}
		dy, y := feature(m.shape...), feature(m.shape...).clipped()
		row := func(scale, offset float64) operand {
			return operand{shape: []int{c}, scale: scale, offset: offset, param: true, role: device.Slot}
		}
		stats := operand{shape: []int{2, c}, scale: 0.4, offset: 0.5}
		about := operand{shape: []int{2, c}, scale: 0.4, offset: m.offset + 0.5}
		gamma, beta := row(0.5, 1), row(1, 0)
		name := fmt.Sprintf("%v_about%v", m.shape, m.offset)
		add := func(suffix string, kind device.Kind, attr any, out operand, in ...operand) {
			cases = append(cases, testCase{name: name + suffix, kind: kind, attr: attr, in: in, out: []operand{out}, tolerant: m.tolerant})
		}
		add("", device.BatchNormStats, nil, operand{shape: []int{2, c}}, x)
		cases = append(cases, testCase{
			name: name, kind: device.BatchNormUpdate, tolerant: m.tolerant,
			attr: device.BatchNormUpdateAttr{
				Mean:     device.RunningStatAttr{Row: 0, Momentum: 0.1, Scale: 1},
				Variance: device.RunningStatAttr{Row: 1, Momentum: 0.2, Scale: 1.25},
			},
			in: []operand{x, row(1, 0), row(0.5, 1)}, out: []operand{{shape: []int{2, c}}, grad(c), grad(c)},
		})
		for act := range withNone {
			a := device.BatchNormAttr{Eps: 1e-5, Act: act}
			suffix := fmt.Sprintf("_%v", act)
			with := func(in []operand, ofInput ...operand) []operand { // the operands of the activation's gradient
				switch {
				case act == device.None:
					return in
				case act.GradOfOutput():
					return append(in, y)
				}
				return append(in, ofInput...)
			}
			add(suffix, device.BatchNormApply, a, dy, x, about, gamma, beta)
			withResidual := a
			withResidual.Residual = true
			add(suffix+"_residual", device.BatchNormApply, withResidual, dy, x, about, gamma, beta, dy)
			add(suffix, device.BatchNormGradStats, a, stats, with([]operand{x, dy, about}, gamma, beta)...)
			add(suffix, device.BatchNormGradInput, a, dy, with([]operand{x, dy, gamma, about, stats}, beta)...)
			add(suffix, device.BatchNormEvalGradInput, a, dy, with([]operand{dy, gamma, about}, x, beta)...)
		}
		add("", device.BatchNormPack, nil, stats, row(1, 0), row(0.4, 0.5))
		for r := range 2 {
			add(fmt.Sprint("_", r), device.Row, device.RowAttr{Row: r}, grad(c), stats)
			add(fmt.Sprint("_", r), device.RunningStat, device.RunningStatAttr{Row: r, Momentum: 0.1, Scale: 1.25}, grad(c), row(1, 0), stats)
		}
	}
	return cases
}

func elementwiseCases() (cases []testCase) {
	for _, o := range []operand{
		feature(2, 16, 4, 4), feature(1, 5, 3, 3), feature(3, 33, 20, 20), feature(2, 5), feature(3, 64), feature(7), param(17, 5, 3, 3), param(40), feature(2, 3, 8, 8).input(),
	} {
		out := o
		out.role = device.Activation
		name := fmt.Sprintf("%v_param%v_role%d", o.shape, o.param, o.role)
		cases = append(cases,
			testCase{name: name, kind: device.Scale, in: []operand{o, {shape: []int{}, scale: 1, role: device.Input}}, out: []operand{out}},
			testCase{name: name, kind: device.Add, attr: device.AddAttr{}, in: []operand{o, o}, out: []operand{out}})
		for act := range device.Acts() {
			v, called := o, fmt.Sprintf("%s_%v", name, act)
			if act.GradOfOutput() {
				v = o.clipped()
			}
			a := device.ActAttr{Act: act}
			cases = append(cases,
				testCase{name: called, kind: device.Activate, attr: a, in: []operand{o}, out: []operand{out}},
				testCase{name: called, kind: device.ActivateGrad, attr: a, in: []operand{v, o}, out: []operand{out}},
				testCase{name: called, kind: device.Add, attr: device.AddAttr{Act: act}, in: []operand{o, o}, out: []operand{out}})
		}
	}
	for _, shape := range [][]int{{2, 16, 4, 4}, {1, 5, 3, 3}, {2, 33, 40, 40}, {3, 5}, {5, 64}} {
		for act := range withNone {
			cases = append(cases, testCase{
				name: fmt.Sprintf("%v_%v", shape, act), kind: device.BiasAdd, attr: device.BiasAttr{Act: act},
				in: []operand{feature(shape...), param(shape[1])}, out: []operand{feature(shape...)},
			})
		}
		cases = append(cases, testCase{name: fmt.Sprint(shape), kind: device.ChannelSum, in: []operand{feature(shape...)}, out: []operand{grad(shape[1])}})
	}
	for _, shape := range [][]int{{2, 16}, {3, 5}, {64, 256}, {2, 5, 3, 3}} {
		cases = append(cases, testCase{
			name: fmt.Sprint(shape), kind: device.Dropout, attr: device.DropoutAttr{P: 0.4, Stream: 77},
			in: []operand{feature(shape...), {shape: []int{2}, ints: []int64{42, 7}, role: device.Input}}, out: []operand{feature(shape...)},
		})
	}
	return cases
}

func poolCases() (cases []testCase) {
	pool := func(n, c, h, w, k, stride, pad int, ceil, count bool) geometry.Pool2D {
		return geometry.Pool2D{N: n, C: c, H: h, W: w, KH: k, KW: k, StrideH: stride, StrideW: stride, PadH: pad, PadW: pad, CeilMode: ceil, CountIncludePad: count}
	}
	for _, g := range []geometry.Pool2D{
		pool(2, 16, 8, 8, 2, 2, 0, false, false), pool(1, 5, 7, 9, 3, 2, 1, false, false), pool(2, 33, 5, 5, 2, 2, 0, true, false),
		pool(1, 17, 6, 7, 3, 2, 1, true, true), pool(2, 64, 1, 1, 1, 1, 0, false, false), pool(1, 16, 4, 4, 3, 1, 1, false, true),
		pool(1, 16, 5, 5, 2, 3, 1, true, true), pool(1, 20, 3, 3, 3, 3, 0, false, false), pool(1, 16, 112, 112, 3, 2, 1, false, false),
	} {
		a := device.PoolAttr{Pool2D: g}
		name := fmt.Sprintf("%v_k%d_s%d_p%d_ceil%v_count%v", g.InputShape(), g.KH, g.StrideH, g.PadH, g.CeilMode, g.CountIncludePad)
		x, y := feature(g.InputShape()...), feature(g.OutputShape()...)
		cases = append(cases,
			testCase{name: name, kind: device.MaxPool, attr: a, in: []operand{x}, out: []operand{y}},
			testCase{name: name, kind: device.MaxPoolGrad, attr: a, in: []operand{x, y}, out: []operand{x}},
			testCase{name: name + "_ties", kind: device.MaxPoolGrad, attr: a, in: []operand{x.clipped(), y}, out: []operand{x}},
			testCase{name: name, kind: device.AvgPool, attr: a, in: []operand{x}, out: []operand{y}},
			testCase{name: name, kind: device.AvgPoolGrad, attr: a, in: []operand{y}, out: []operand{x}})
	}
	for _, g := range []geometry.AdaptivePool2D{
		{N: 2, C: 16, H: 7, W: 7, OutH: 1, OutW: 1}, {N: 1, C: 20, H: 7, W: 7, OutH: 7, OutW: 7}, {N: 2, C: 5, H: 9, W: 10, OutH: 7, OutW: 7},
		{N: 1, C: 33, H: 1, W: 1, OutH: 7, OutW: 7}, {N: 1, C: 16, H: 2, W: 3, OutH: 7, OutW: 5},
	} {
		a := device.AdaptivePoolAttr{AdaptivePool2D: g}
		x, y := feature(g.InputShape()...), feature(g.OutputShape()...)
		name := fmt.Sprintf("%v_to_%dx%d", g.InputShape(), g.OutH, g.OutW)
		cases = append(cases,
			testCase{name: name, kind: device.AdaptiveAvgPool, attr: a, in: []operand{x}, out: []operand{y}},
			testCase{name: name, kind: device.AdaptiveAvgPoolGrad, attr: a, in: []operand{y}, out: []operand{x}})
	}
	return cases
}
