// Package devicetest holds the tests that every device must pass: each kind of step,
// plain, fused and accumulating, over awkward shapes, against the plain kernels in
// float64.
package devicetest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
	"github.com/euryale-ml/euryale/internal/optest"
)

// operand is an input of a case: floats in [offset-scale, offset+scale), or integers.
type operand struct {
	shape         []int
	scale, offset float64
	ints          []int64
	param         bool        // laid out as a parameter
	role          device.Role // Activation by default
	sign          bool        // like a ReLU's output: negative values are 0
	nan           bool        // some values are NaN
	middle        float64     // the value of the middle element; 0: like the others
}

// testCase is a step with its operands. Outputs have the shapes of out.
type testCase struct {
	name     string
	kind     device.Kind
	attr     any
	in       []operand
	out      []operand
	tolerant float64 // factor on the tolerance

	parts []testCase // of a group
}

// Run compares every kind of step on a device with the reference, and tests the rules of
// device.Device on order, memory and errors. Steps that the device does not support are
// skipped, but plain steps must be supported.
func Run(t *testing.T, open func(t *testing.T) device.Device) {
	dev := open(t)
	for _, family := range families() {
		for _, c := range family {
			t.Run(c.kind.String()+"/"+c.name, func(t *testing.T) { c.run(t, dev) })
		}
	}
	t.Run("BFloat16", func(t *testing.T) { bfloat16Cases(t, dev) })
	t.Run("RoundTrip", func(t *testing.T) { roundTrip(t, dev) })
	t.Run("FarMean", func(t *testing.T) { farMean(t, dev) })
	t.Run("AnyOrder", func(t *testing.T) { anyOrder(t, dev) })
	t.Run("InOrder", func(t *testing.T) { inOrder(t, dev) })
	t.Run("Staging", func(t *testing.T) { staging(t, dev) })
	t.Run("FreeWhilePending", func(t *testing.T) { freeWhilePending(t, dev) })
	t.Run("CallsOutOfOrder", func(t *testing.T) { callsOutOfOrder(t, dev) })
	t.Run("Recorder", func(t *testing.T) { record(t, dev) })
	t.Run("Timer", func(t *testing.T) { timer(t, dev) })
	t.Run("Memory", func(t *testing.T) { memory(t, dev) })
	t.Run("Closed", func(t *testing.T) { closed(t, open(t)) })
}

func families() [][]testCase {
	return [][]testCase{
		convCases(), groupedCases(), batchNormCases(), elementwiseCases(), poolCases(), linearCases(), lossCases(), sgdCases(), adamCases(), reshapeCases(), castCases(), groupCases(), nanCases(),
	}
}

// run tests a case plainly, accumulating, and with outputs written over inputs.
func (c testCase) run(t *testing.T, dev device.Device) {
	s := c.step()
	if !dev.Supports(s) {
		t.Skipf("%s does not support it", dev.Name())
	}
	c.compare(t, dev, s, nil)
	c.alias(t, dev, s)
	acc := c.step()
	acc.Accumulate = true
	if dev.Supports(acc) {
		c.compare(t, dev, acc, nil)
	}
	for _, pair := range dev.InPlace(s) {
		if dev.Bytes(s.Out[pair[0]]) == dev.Bytes(s.In[pair[1]]) {
			c.compare(t, dev, s, [][2]int{pair})
		}
	}
	if pairs := dev.InPlace(s); len(pairs) > 1 && len(s.Out) > 1 {
		c.compare(t, dev, s, pairs)
	}
}

func (c testCase) step() *device.Step {
	if c.kind == device.Group {
		return c.group()
	}
	s := &device.Step{Kind: c.kind, Attr: c.attr, Path: "test"}
	for i, o := range append(append([]operand(nil), c.in...), c.out...) {
		x := &device.Tensor{ID: i, Shape: o.shape, DType: device.Float32, Role: o.role, Param: o.param, Name: fmt.Sprint("operand", i)}
		if o.ints != nil {
			x.DType = device.Int64
		}
		if i < len(c.in) {
			s.In = append(s.In, x)
		} else {
			s.Out = append(s.Out, x)
		}
	}
	return s
}

// values are the elements of an operand, exact in float32.
func (o operand) values(seed uint64) any {
	if o.ints != nil {
		return o.ints
	}
	v := optest.Values(seed, o.scale, o.offset, o.shape...)
	for i := range v {
		if o.sign && v[i] < 0 {
			v[i] = 0
		}
		v[i] = float64(float32(v[i]))
		if o.nan && (i+int(seed))%11 == 0 {
			v[i] = math.NaN()
		}
	}
	if o.middle != 0 {
		v[len(v)/2] = o.middle
	}
	return v
}

func upload(t testing.TB, dev device.Device, x *device.Tensor, m device.Memory, host any) {
	t.Helper()
	if wide, ok := host.([]float64); ok {
		narrow := make([]float32, len(wide))
		for i, v := range wide {
			narrow[i] = float32(v)
		}
		host = narrow
	}
	if err := dev.Upload(x, m, host); err != nil {
		t.Fatal(err)
	}
}

// compare runs the step on the device, with the outputs of the pairs written over their
// inputs, and in the reference, and compares the results.
func (c testCase) compare(t *testing.T, dev device.Device, s *device.Step, pairs [][2]int) {
	t.Helper()
	var in, out []device.Memory
	var hostIn, hostOut []any
	for i, x := range s.In {
		in = append(in, place(t, dev, x))
		hostIn = append(hostIn, c.in[i].values(uint64(i+1)))
		upload(t, dev, x, in[i], hostIn[i])
		asStored(x, hostIn[i])
	}
	for i, x := range s.Out {
		m := place(t, dev, x)
		for _, p := range pairs {
			if p[0] == i {
				m = in[p[1]]
			}
		}
		out = append(out, m)
		if x.DType == device.Int64 {
			hostOut = append(hostOut, make([]int64, x.Elements()))
			continue
		}
		before := make([]float64, x.Elements())
		if s.Accumulate {
			before = optest.Values(99, 1, 0, x.Shape...)
			for i := range before {
				before[i] = float64(float32(before[i]))
			}
			upload(t, dev, x, m, before)
			asStored(x, before)
		}
		hostOut = append(hostOut, before)
	}
	kernel, err := dev.Bind(s, in, out, room(t, dev, dev.Scratch(s)))
	if err != nil {
		t.Fatal(err)
	}
	runs := 1
	if len(pairs) == 0 && !s.Accumulate {
		runs = 2 // the second must not depend on the first
	}
	var before [][]float32 // the memory of the operands
	for i, x := range s.In {
		before = append(before, read(t, dev, in[i], dev.Bytes(x)))
	}
	for range runs {
		finish(t, dev, kernel)
	}
	for i, x := range s.In {
		if !slices.Contains(out, in[i]) {
			same(t, fmt.Sprintf("operand %d, after the step, in memory", i), read(t, dev, in[i], dev.Bytes(x)), before[i])
		}
	}
	if err := ref.Run(exact(s), hostIn, hostOut); err != nil {
		t.Fatal(err)
	}
	for i, x := range s.Out {
		what := fmt.Sprintf("output %d (accumulate %v, in place %v)", i, s.Accumulate, pairs)
		c.check(t, dev, s, x, out[i], hostOut[i], what)
		c.follow(t, dev, x, out[i], hostOut[i], what)
	}
}

// follow convolves an output of four axes: the padding around and between the elements in
// the device's own layout must be as its convolution expects.
func (c testCase) follow(t *testing.T, dev device.Device, x *device.Tensor, m device.Memory, host any, what string) {
	t.Helper()
	if len(x.Shape) != 4 || x.Param || x.DType != device.Float32 || x.Elements() > 1<<14 {
		return
	}
	g := conv2D(x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], 5, 3, 1, 1, 1)
	next := testCase{name: c.name, kind: device.Conv2D, attr: device.ConvAttr{Conv2D: g}, tolerant: 4 * max(c.tolerant, 1)}
	next.in, next.out = []operand{feature(x.Shape...), param(g.WeightShape()...)}, []operand{feature(g.OutputShape()...)}
	s := next.step()
	if x.Storage() == device.BFloat16 {
		s.In[0].Stored = device.BFloat16
		host = downloaded(t, dev, x, m) // each within a rounding of the reference
	}
	w, y := place(t, dev, s.In[1]), place(t, dev, s.Out[0])
	weights := next.in[1].values(3)
	upload(t, dev, s.In[1], w, weights)
	run(t, dev, s, []device.Memory{m, w}, []device.Memory{y})
	want := make([]float64, s.Out[0].Elements())
	if err := ref.Run(s, []any{host, weights}, []any{want}); err != nil {
		t.Fatal(err)
	}
	next.check(t, dev, s, s.Out[0], y, want, what+", convolved")
}

// check compares an output of s with the reference: the error is relative to the greatest
// value, since sums of many terms end near zero. See tolerance.
func (c testCase) check(t *testing.T, dev device.Device, s *device.Step, x *device.Tensor, m device.Memory, want any, what string) {
	t.Helper()
	if w, ok := want.([]int64); ok {
		got := make([]int64, len(w))
		if err := dev.Download(x, m, got); err != nil {
			t.Fatal(err)
		}
		for i := range w {
			if got[i] != w[i] {
				t.Fatalf("%s[%d] is %d, want %d", what, i, got[i], w[i])
			}
		}
		return
	}
	w := want.([]float64)
	got := make([]float32, len(w))
	if err := dev.Download(x, m, got); err != nil {
		t.Fatal(err)
	}
	greatest := 1e-3
	for _, v := range w {
		if !math.IsNaN(v) {
			greatest = max(greatest, math.Abs(v))
		}
	}
	tolerance := tolerance(s, greatest) * max(c.tolerant, 1)
	bad := 0
	for i := range w {
		if math.IsNaN(w[i]) && got[i] != got[i] {
			continue
		}
		if low, high := within(x, w[i], tolerance); !(low <= float64(got[i]) && float64(got[i]) <= high) {
			if bad++; bad <= 3 {
				t.Errorf("%s[%d] is %v, want %v within %.2g", what, i, got[i], w[i], tolerance)
			}
		}
	}
	if bad > 3 {
		t.Errorf("%s: %d of %d elements are wrong", what, bad, len(w))
	}
}

// roundTrip uploads and downloads every form of tensor.
func roundTrip(t *testing.T, dev device.Device) {
	for i, o := range []operand{
		{shape: []int{}}, {shape: []int{1}}, {shape: []int{17}}, {shape: []int{3, 5}}, {shape: []int{2, 32}}, {shape: []int{2, 3, 5}},
		{shape: []int{2, 3, 4, 5}}, {shape: []int{2, 3, 4, 5}, role: device.Input}, {shape: []int{1, 33, 7, 1}},
		{shape: []int{17, 5, 3, 3}, param: true, role: device.Slot}, {shape: []int{64, 32, 1, 1}, param: true}, {shape: []int{5, 40}, param: true},
	} {
		o.scale = 1
		x := &device.Tensor{Shape: o.shape, DType: device.Float32, Role: o.role, Param: o.param}
		m := place(t, dev, x)
		want := o.values(uint64(i)).([]float64)
		upload(t, dev, x, m, want)
		got := make([]float32, x.Elements())
		if err := dev.Download(x, m, got); err != nil {
			t.Fatal(err)
		}
		for j := range got {
			if float64(got[j]) != want[j] {
				t.Fatalf("%v (param %v, role %d)[%d] comes back as %v, went as %v", o.shape, o.param, o.role, j, got[j], want[j])
			}
		}
		for _, dt := range []device.DType{device.Float64, device.Int64} {
			wide := &device.Tensor{Shape: o.shape, DType: dt, Role: o.role, Param: o.param}
			var host, back any = want, make([]float64, len(want))
			if dt == device.Int64 {
				host, back = make([]int64, len(want)), make([]int64, len(want))
			}
			b := place(t, dev, wide)
			if err := dev.Upload(wide, b, host); err != nil {
				t.Fatal(err)
			}
			if err := dev.Download(wide, b, back); err != nil || fmt.Sprint(host) != fmt.Sprint(back) {
				t.Fatalf("%v %v comes back changed (%v)", dt, o.shape, err)
			}
		}
	}
	x := &device.Tensor{Shape: []int{3, 4}, DType: device.Float32, Name: "x"}
	if err := dev.Upload(x, place(t, dev, x), make([]float32, 11)); err == nil {
		t.Error("11 elements went into a tensor of 12")
	}
}
