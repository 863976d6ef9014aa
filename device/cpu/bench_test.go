package cpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/geometry"
)

// The benchmarks run on one worker and take the best of their runs by the thread's own
// time where the system tells it, so that they mean something on a busy machine:
//
//	go test ./device/cpu -run - -bench . -benchtime 10x
//
// "peak%" is the part of the speed of a product that stays in the caches.

// layer is a convolution of c channels of h × h to o channels.
type layer struct{ n, c, h, o, k, stride int }

func (l layer) geometry() geometry.Conv2D {
	return geometry.Conv2D{
		N: l.n, C: l.c, H: l.h, W: l.h, O: l.o, KH: l.k, KW: l.k, StrideH: l.stride, StrideW: l.stride,
		PadH: l.k / 2, PadW: l.k / 2, DilationH: 1, DilationW: 1, Groups: 1,
	}
}

func (l layer) String() string {
	return fmt.Sprintf("n%d_%dx%dx%d_to%d_k%d_s%d", l.n, l.c, l.h, l.h, l.o, l.k, l.stride)
}

var layers = []layer{
	{8, 3, 224, 64, 7, 2},
	{8, 64, 56, 64, 1, 1}, {8, 64, 56, 64, 3, 1}, {8, 64, 56, 256, 1, 1}, {8, 256, 56, 64, 1, 1},
	{8, 256, 56, 128, 1, 1}, {8, 128, 56, 128, 3, 2}, {8, 128, 28, 512, 1, 1}, {8, 256, 56, 512, 1, 2}, {8, 512, 28, 128, 1, 1}, {8, 128, 28, 128, 3, 1},
	{8, 256, 28, 256, 3, 2}, {8, 256, 14, 1024, 1, 1}, {8, 512, 28, 1024, 1, 2}, {8, 1024, 14, 256, 1, 1}, {8, 256, 14, 256, 3, 1},
	{8, 512, 14, 512, 3, 2}, {8, 512, 7, 2048, 1, 1}, {8, 1024, 14, 2048, 1, 2}, {8, 2048, 7, 512, 1, 1}, {8, 512, 7, 512, 3, 1},
	{64, 64, 16, 64, 3, 1}, {64, 256, 4, 256, 3, 1}, {64, 512, 2, 512, 3, 1}, {64, 512, 2, 2048, 1, 1},
	{8, 3, 224, 64, 3, 1}, {8, 64, 224, 64, 3, 1}, {8, 256, 56, 256, 3, 1}, {8, 512, 28, 512, 3, 1}, {8, 512, 14, 512, 3, 1},
}

// fill gives a tensor memory with random values.
func fill(b testing.TB, d *cpu.Device, x *device.Tensor) device.Memory {
	b.Helper()
	buf, err := d.NewBuffer(d.Bytes(x))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { buf.Free() })
	m := device.Memory{Buffer: buf}
	if x.DType != device.Float32 {
		return m
	}
	r := rand.New(rand.NewPCG(1, 2))
	host := make([]float32, x.Elements())
	for i := range host {
		host[i] = r.Float32() - 0.5
	}
	if err := d.Upload(x, m, host); err != nil {
		b.Fatal(err)
	}
	return m
}

// bind makes a step's memory and its kernel; out takes the memory of in for the pairs.
func bind(b testing.TB, d *cpu.Device, s *device.Step, pairs ...[2]int) device.Kernel {
	b.Helper()
	var in, out []device.Memory
	for _, x := range s.In {
		in = append(in, fill(b, d, x))
	}
	for i, x := range s.Out {
		m := device.Memory{}
		for _, p := range pairs {
			if p[0] == i {
				m = in[p[1]]
			}
		}
		if m.Buffer == nil {
			m = fill(b, d, x)
		}
		out = append(out, m)
	}
	scratch, err := d.NewBuffer(d.Scratch(s))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { scratch.Free() })
	k, err := d.Bind(s, in, out, device.Memory{Buffer: scratch})
	if err != nil {
		b.Fatal(err)
	}
	return k
}

// best is the shortest run of a kernel in seconds.
func best(b *testing.B, d *cpu.Device, k device.Kernel) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	k = cpu.Work(k)
	k.Run()
	shortest := math.Inf(1)
	for b.Loop() {
		start := threadTime()
		k.Run()
		shortest = min(shortest, (threadTime() - start).Seconds())
	}
	return shortest
}

// peak is the speed of a convolution from the first-level cache in GFLOP/s.
func peak(b *testing.B, d *cpu.Device) float64 {
	g := layer{1, 512, 14, 32, 1, 1}.geometry()
	k := cpu.Work(bind(b, d, convStep(device.Conv2D, g)))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	shortest := math.Inf(1)
	for range 20 {
		start := threadTime()
		for range 200 {
			k.Run()
		}
		shortest = min(shortest, (threadTime()-start).Seconds()/200)
	}
	return 2e-9 * float64(g.MultiplyAdds()) / shortest
}

var started = time.Now()

func convStep(kind device.Kind, g geometry.Conv2D) *device.Step {
	x := &device.Tensor{Shape: g.InputShape()}
	if g.C <= 4 {
		x.Role = device.Input
	}
	w := &device.Tensor{Shape: g.WeightShape(), Role: device.Slot, Param: true}
	y := &device.Tensor{Shape: g.OutputShape()}
	s := &device.Step{Kind: kind, Attr: device.ConvAttr{Conv2D: g}}
	switch kind {
	case device.Conv2D:
		s.In, s.Out = []*device.Tensor{x, w}, []*device.Tensor{y}
	case device.Conv2DGradInput:
		s.In, s.Out = []*device.Tensor{y, w}, []*device.Tensor{x}
	default:
		s.In, s.Out = []*device.Tensor{x, y}, []*device.Tensor{w}
	}
	return s
}

func BenchmarkConv2D(b *testing.B) {
	d := open(b, cpu.Options{Threads: 1})
	for _, l := range layers {
		for _, kind := range []device.Kind{device.Conv2D, device.Conv2DGradInput, device.Conv2DGradWeight} {
			if l.c <= 4 && kind == device.Conv2DGradInput {
				continue
			}
			b.Run(fmt.Sprintf("%v/%v", l, kind), func(b *testing.B) {
				g := l.geometry()
				seconds := best(b, d, bind(b, d, convStep(kind, g)))
				speed := 2e-9 * float64(g.MultiplyAdds()) / seconds
				b.ReportMetric(speed, "GFLOP/s")
				b.ReportMetric(100*speed/peak(b, d), "peak%")
				b.ReportMetric(seconds*1e3, "ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func BenchmarkLinear(b *testing.B) {
	d := open(b, cpu.Options{Threads: 1})
	for _, l := range [][3]int{{8, 25088, 4096}, {64, 25088, 4096}, {64, 4096, 4096}, {64, 2048, 1000}} {
		x, dy := &device.Tensor{Shape: []int{l[0], l[1]}}, &device.Tensor{Shape: []int{l[0], l[2]}}
		w, lr := &device.Tensor{Shape: []int{l[2], l[1]}, Role: device.Slot, Param: true}, &device.Tensor{Role: device.Input}
		update := device.SGDAttr{Momentum: 0.9, WeightDecay: 5e-4}
		for _, c := range []struct {
			step   *device.Step
			passes float64 // over the weights
			pairs  [][2]int
		}{
			{&device.Step{Kind: device.Linear, Attr: device.LinearAttr{}, In: []*device.Tensor{x, w}, Out: []*device.Tensor{dy}}, 1, nil},
			{&device.Step{Kind: device.LinearGradInput, In: []*device.Tensor{dy, w}, Out: []*device.Tensor{x}}, 1, nil},
			{&device.Step{Kind: device.LinearUpdate, Attr: update, In: []*device.Tensor{x, dy, w, w, lr}, Out: []*device.Tensor{w, w}}, 4, [][2]int{{0, 2}, {1, 3}}},
		} {
			b.Run(fmt.Sprintf("n%d_%d_to%d/%v", l[0], l[1], l[2], c.step.Kind), func(b *testing.B) {
				seconds := best(b, d, bind(b, d, c.step, c.pairs...))
				b.ReportMetric(2e-9*float64(l[0])*float64(l[1])*float64(l[2])/seconds, "GFLOP/s")
				b.ReportMetric(4e-9*c.passes*float64(l[1])*float64(l[2])/seconds, "GB/s")
				b.ReportMetric(seconds*1e3, "ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func BenchmarkPasses(b *testing.B) {
	d := open(b, cpu.Options{Threads: 1})
	x := &device.Tensor{Shape: []int{8, 256, 56, 56}}
	c := &device.Tensor{Shape: []int{256}, Role: device.Slot, Param: true}
	stats := &device.Tensor{Shape: []int{2, 256}}
	pool := geometry.Pool2D{N: 8, C: 64, H: 112, W: 112, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1}
	px, py := &device.Tensor{Shape: pool.InputShape()}, &device.Tensor{Shape: pool.OutputShape()}
	relu := device.BatchNormAttr{Eps: 1e-5, Act: device.ReLU}
	for _, s := range []*device.Step{
		{Kind: device.BatchNormStats, In: list(x), Out: list(stats)},
		{Kind: device.BatchNormApply, Attr: relu, In: list(x, stats, c, c), Out: list(x)},
		{Kind: device.BatchNormGradStats, Attr: relu, In: list(x, x, stats, x), Out: list(stats)},
		{Kind: device.BatchNormGradInput, Attr: relu, In: list(x, x, c, stats, stats, x), Out: list(x)},
		{Kind: device.ActivateGrad, Attr: device.ActAttr{Act: device.ReLU}, In: list(x, x), Out: list(x)},
		{Kind: device.Add, Attr: device.AddAttr{Act: device.ReLU}, In: list(x, x), Out: list(x)},
		{Kind: device.MaxPool, Attr: device.PoolAttr{Pool2D: pool}, In: list(px), Out: list(py)},
		{Kind: device.MaxPoolGrad, Attr: device.PoolAttr{Pool2D: pool}, In: list(px, py), Out: list(px)},
	} {
		b.Run(s.Kind.String(), func(b *testing.B) {
			bytes := 0
			for _, t := range append(append([]*device.Tensor(nil), s.In...), s.Out...) {
				bytes += 4 * t.Elements()
			}
			seconds := best(b, d, bind(b, d, s))
			b.ReportMetric(1e-9*float64(bytes)/seconds, "GB/s")
			b.ReportMetric(seconds*1e3, "ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// poolSteps are the pools of the models and their gradients.
func poolSteps() []*device.Step {
	g := geometry.Pool2D{N: 2, C: 64, H: 14, W: 14, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadH: 1, PadW: 1}
	a := geometry.AdaptivePool2D{N: 2, C: 64, H: 14, W: 14, OutH: 1, OutW: 1}
	x, y, z := &device.Tensor{Shape: g.InputShape()}, &device.Tensor{Shape: g.OutputShape()}, &device.Tensor{Shape: a.OutputShape()}
	window, adaptive := device.PoolAttr{Pool2D: g}, device.AdaptivePoolAttr{AdaptivePool2D: a}
	return []*device.Step{
		{Kind: device.MaxPool, Attr: window, In: list(x), Out: list(y)},
		{Kind: device.MaxPoolGrad, Attr: window, In: list(x, y), Out: list(x)},
		{Kind: device.AvgPool, Attr: window, In: list(x), Out: list(y)},
		{Kind: device.AvgPoolGrad, Attr: window, In: list(y), Out: list(x)},
		{Kind: device.AdaptiveAvgPool, Attr: adaptive, In: list(x), Out: list(z)},
		{Kind: device.AdaptiveAvgPoolGrad, Attr: adaptive, In: list(z), Out: list(x)},
	}
}
