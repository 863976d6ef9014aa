package devicetest

import "github.com/euryale-ml/euryale/device"

// group is a case of one Group step made of several cases.
func group(name string, parts ...testCase) testCase {
	c := testCase{name: name, kind: device.Group, parts: parts}
	for _, p := range parts {
		c.in, c.out = append(c.in, p.in...), append(c.out, p.out...)
	}
	return c
}

// group makes the steps of the parts, and the Group step of them.
func (c testCase) group() *device.Step {
	var steps []*device.Step
	for _, p := range c.parts {
		steps = append(steps, p.step())
	}
	return device.NewGroup(steps...)
}

// groupCases are updates of several parameters at once, which share only scalars.
func groupCases() (cases []testCase) {
	lr := operand{shape: []int{}, scale: 0.05, offset: 0.1, role: device.Input}
	number := operand{shape: []int{}, scale: 0.5, offset: 3, role: device.Input}
	for _, c := range []struct {
		name string
		kind device.Kind
		attr any
		in   func(w, g, square operand) []operand
		out  int
	}{
		{"momentum", device.SGD, device.SGDAttr{Momentum: 0.9, WeightDecay: 1e-2}, func(w, g, _ operand) []operand { return []operand{w, w, g, lr} }, 2},
		{"nesterov", device.SGD, device.SGDAttr{Momentum: 0.9, Nesterov: true}, func(w, g, _ operand) []operand { return []operand{w, w, g, lr} }, 2},
		{"plain", device.SGD, device.SGDAttr{WeightDecay: 1e-2}, func(w, g, _ operand) []operand { return []operand{w, g, lr} }, 1},
		{"average", device.Lerp, device.LerpAttr{Weight: 0.1}, func(w, g, _ operand) []operand { return []operand{w, g} }, 1},
		{"square", device.SquareLerp, device.LerpAttr{Weight: 0.001}, func(_, g, square operand) []operand { return []operand{square, g} }, 1},
		{"adamw", device.AdamWeight, device.AdamAttr{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01},
			func(w, _, square operand) []operand { return []operand{w, w, square, lr, number} }, 1},
		{"scale", device.Scale, nil, func(_, g, _ operand) []operand { return []operand{g, lr} }, 1},
		{"add", device.Add, device.AddAttr{}, func(w, g, _ operand) []operand { return []operand{w, g} }, 1},
	} {
		var parts []testCase
		for _, shape := range [][]int{{5}, {64}, {3, 40}, {17, 5, 3, 3}, {2000}, {64, 40, 1, 1}, {1}} {
			g, square := grad(shape...), param(shape...)
			square.scale, square.offset = 0.1, 0.5
			p := testCase{kind: c.kind, attr: c.attr, in: c.in(param(shape...), g, square)}
			for range c.out {
				p.out = append(p.out, g)
			}
			parts = append(parts, p)
		}
		cases = append(cases, group(c.name, parts...), group(c.name+" of one", parts[3]))
	}
	return cases
}
