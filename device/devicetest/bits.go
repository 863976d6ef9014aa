package devicetest

import (
	"errors"
	"maps"
	"math"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
)

// SameBits runs every step (with -short, every eighth) on all devices, also with its operands
// stored as bfloat16 and with its result added to what is there: the results of each device
// must be bit for bit those of the first.
func SameBits(t *testing.T, devices ...device.Device) {
	for _, family := range families() {
		for i, c := range family {
			if testing.Short() && i%8 != 0 {
				continue
			}
			for variant, s := range c.variants() {
				if devices[0].Supports(s) {
					t.Run(c.kind.String()+"/"+c.name+variant, func(t *testing.T) { c.sameBits(t, s, devices) })
				}
			}
		}
	}
}

// variants are the case's step as it is, with operands stored as bfloat16, and with its result
// added to what is there.
func (c testCase) variants() map[string]*device.Step {
	all := map[string]*device.Step{"": c.step()}
	if half := c.step(); StoreAsBFloat16(half) {
		all[" in bfloat16"] = half
	}
	for name, s := range maps.Clone(all) {
		sum := *s
		sum.Accumulate = true
		all[name+", added"] = &sum
	}
	return all
}

func (c testCase) sameBits(t *testing.T, s *device.Step, devices []device.Device) {
	want := c.outputs(t, devices[0], s)
	for _, d := range devices[1:] {
		for i, got := range c.outputs(t, d, s) {
			for j := range got {
				if math.Float32bits(got[j]) != math.Float32bits(want[i][j]) {
					t.Fatalf("output %d[%d] is %v with %d threads, %v with %d", i, j, got[j], device.Threads(d), want[i][j], device.Threads(devices[0]))
				}
			}
		}
	}
}

// outputs are the float outputs of one run.
func (c testCase) outputs(t *testing.T, dev device.Device, s *device.Step) (values [][]float32) {
	var in, out []device.Memory
	for i, x := range s.In {
		in = append(in, place(t, dev, x))
		upload(t, dev, x, in[i], c.in[i].values(uint64(i+1)))
	}
	for _, x := range s.Out {
		out = append(out, place(t, dev, x))
	}
	if s.Accumulate {
		upload(t, dev, s.Out[0], out[0], optest.Values(9, 1, 0, s.Out[0].Shape...))
	}
	run(t, dev, s, in, out)
	for i, x := range s.Out {
		if x.DType == device.Float32 {
			host := make([]float32, x.Elements())
			if err := dev.Download(x, out[i], host); err != nil {
				t.Fatal(err)
			}
			values = append(values, host)
		}
	}
	return values
}

// run binds a step with scratch memory full of NaN and runs it once.
func run(t *testing.T, dev device.Device, s *device.Step, in, out []device.Memory) {
	t.Helper()
	k, err := dev.Bind(s, in, out, room(t, dev, dev.Scratch(s)))
	if err != nil {
		t.Fatal(err)
	}
	finish(t, dev, k)
}

// finish makes a run of kernels and waits for it.
func finish(t testing.TB, dev device.Device, kernels ...device.Kernel) {
	t.Helper()
	if err := dev.Begin(); err != nil {
		t.Fatal(err)
	}
	for _, k := range kernels {
		k.Run()
	}
	if err := errors.Join(dev.Submit(), dev.Wait()); err != nil {
		t.Fatal(err)
	}
}

// farMean computes statistics of data whose mean is a thousand standard deviations, and whose
// first value is an outlier: mean and variance must each be accurate.
func farMean(t *testing.T, dev device.Device) {
	for _, shape := range [][]int{{2, 5, 40, 40}, {3, 16, 7, 7}, {1, 17, 1, 3}} {
		x := &device.Tensor{Shape: shape, DType: device.Float32, Name: "x"}
		stats := &device.Tensor{Shape: []int{2, shape[1]}, DType: device.Float32, Name: "stats"}
		s := &device.Step{Kind: device.BatchNormStats, In: []*device.Tensor{x}, Out: []*device.Tensor{stats}}
		for _, outlier := range []bool{false, true} {
			host := make([]float32, x.Elements())
			for i, v := range optest.Values(5, math.Sqrt(3), 1000, shape...) {
				host[i] = float32(v)
			}
			if outlier {
				host[0] = 0
			}
			in, out := place(t, dev, x), place(t, dev, stats)
			upload(t, dev, x, in, host)
			run(t, dev, s, []device.Memory{in}, []device.Memory{out})
			got := make([]float32, stats.Elements())
			if err := dev.Download(stats, out, got); err != nil {
				t.Fatal(err)
			}
			for c := range shape[1] {
				mean, variance := moments(host, shape, c)
				if e := math.Abs(float64(got[c])-mean) / mean; !(e <= 2e-7) {
					t.Errorf("%v outlier %v: mean of channel %d is %v, want %v", shape, outlier, c, got[c], mean)
				}
				if e := math.Abs(float64(got[shape[1]+c])-variance) / variance; !(e <= 1e-4) {
					t.Errorf("%v outlier %v: variance of channel %d is %v, want %v", shape, outlier, c, got[shape[1]+c], variance)
				}
			}
		}
	}
}

// moments are a channel's mean and biased variance, computed in two passes in float64.
func moments(x []float32, shape []int, c int) (mean, variance float64) {
	pixels := shape[2] * shape[3]
	count := float64(shape[0] * pixels)
	for pass := range 2 {
		for n := range shape[0] {
			for _, v := range x[(n*shape[1]+c)*pixels:][:pixels] {
				if pass == 0 {
					mean += float64(v) / count
				} else {
					variance += (float64(v) - mean) * (float64(v) - mean) / count
				}
			}
		}
	}
	return mean, variance
}
