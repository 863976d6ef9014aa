package devicetest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/bfloat16"
	"github.com/euryale-ml/euryale/device/ref"
)

// bfloat16Cases runs every kind of step on operands that are stored as bfloat16; with
// -short, every fourth case.
func bfloat16Cases(t *testing.T, dev device.Device) {
	for _, family := range families() {
		for i, c := range family {
			s := c.step()
			if !StoreAsBFloat16(s) || testing.Short() && i%4 != 0 {
				continue
			}
			t.Run(c.kind.String()+"/"+c.name, func(t *testing.T) {
				sameSupport(t, dev, c.step(), s)
				if !dev.Supports(s) {
					t.Skipf("%s does not support it", dev.Name())
				}
				c.compare(t, dev, s, nil)
				for _, pair := range dev.InPlace(s) {
					if s.Out[pair[0]].Storage() != s.In[pair[1]].Storage() {
						t.Errorf("output %d may take the memory of operand %d, which is stored as another type", pair[0], pair[1])
					} else if dev.Bytes(s.Out[pair[0]]) == dev.Bytes(s.In[pair[1]]) {
						c.compare(t, dev, s, [][2]int{pair})
					}
				}
				acc := *s
				acc.Accumulate = true
				if dev.Supports(&acc) {
					c.compare(t, dev, &acc, nil)
				}
			})
		}
	}
	t.Run("RoundTrip", func(t *testing.T) { bfloat16RoundTrip(t, dev) })
	t.Run("NotFinite", func(t *testing.T) { notFinite(t, dev) })
}

// sameSupport checks that the device supports a step with operands stored as bfloat16, plain
// and accumulating, if and only if it does with float32.
func sameSupport(t *testing.T, dev device.Device, float, half *device.Step) {
	t.Helper()
	for _, accumulate := range []bool{false, true} {
		f, h := *float, *half
		f.Accumulate, h.Accumulate = accumulate, accumulate
		if dev.Supports(&f) != dev.Supports(&h) {
			t.Errorf("accumulating %v: supported in float32 is %v, stored as bfloat16 it is not so", accumulate, dev.Supports(&f))
		}
	}
}

// notFinite runs each kind of step with one element of one operand not finite, for each
// operand in turn: exactly those elements of the results must be not finite that are so in the
// reference.
func notFinite(t *testing.T, dev device.Device) {
	done := map[device.Kind]bool{}
	for _, family := range families() {
		for _, c := range family {
			s := c.step()
			if done[c.kind] || !StoreAsBFloat16(s) || !dev.Supports(s) || !c.finite() {
				continue
			}
			done[c.kind] = true
			for i, x := range s.In {
				if x.DType != device.Float32 {
					continue
				}
				for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
					special := c
					special.in = slices.Clone(c.in)
					special.in[i].middle = v
					t.Run(fmt.Sprintf("%v/%v in operand %d", c.kind, v, i), func(t *testing.T) { special.sameNotFinite(t, dev, s) })
				}
			}
		}
	}
	for k := range device.Kinds() {
		if s := (&device.Step{Kind: k}); !done[k] && k != device.Host && slices.Contains([]device.Operand{device.Features, device.Weight}, s.Kind.Result(0)) {
			t.Errorf("no case of %v is without NaN", k)
		}
	}
}

// finite reports whether the case's operands have no NaN.
func (c testCase) finite() bool {
	return !slices.ContainsFunc(c.in, func(o operand) bool { return o.nan })
}

func (c testCase) sameNotFinite(t *testing.T, dev device.Device, s *device.Step) {
	var in, want []any
	for i, x := range s.In {
		in = append(in, c.in[i].values(uint64(i+1)))
		asStored(x, in[i])
	}
	for _, x := range s.Out {
		if x.DType == device.Int64 {
			want = append(want, make([]int64, x.Elements()))
		} else {
			want = append(want, make([]float64, x.Elements()))
		}
	}
	if err := ref.Run(s, in, want); err != nil {
		t.Fatal(err)
	}
	lost := func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
	got := c.outputs(t, dev, s)
	for _, host := range want {
		w, ok := host.([]float64)
		if !ok {
			continue
		}
		for i, v := range got[0] {
			if lost(float64(v)) != lost(w[i]) {
				t.Fatalf("result %d is %v, want %v", i, v, w[i])
			}
		}
		got = got[1:]
	}
}

// asStored rounds host values to a tensor's storage type.
func asStored(x *device.Tensor, host any) {
	if v, ok := host.([]float64); ok && x.Storage() == device.BFloat16 {
		bfloat16.RoundAll(v)
	}
}

// exact is the step with results that are not rounded to bfloat16.
func exact(s *device.Step) *device.Step {
	e := *s
	e.Out = nil
	for _, x := range s.Out {
		wide := *x
		wide.Stored = 0
		e.Out = append(e.Out, &wide)
	}
	return &e
}

// within is the least and the greatest value of a tensor's element that is accepted for v:
// v ∓ tolerance, rounded to the tensor's storage type.
func within(x *device.Tensor, v, tolerance float64) (low, high float64) {
	low, high = v-tolerance, v+tolerance
	if x.Storage() == device.BFloat16 {
		low, high = bfloat16.Round(low), bfloat16.Round(high)
	}
	return low, high
}

// downloaded are the values of a float32 tensor.
func downloaded(t *testing.T, dev device.Device, x *device.Tensor, m device.Memory) []float64 {
	t.Helper()
	host := make([]float32, x.Elements())
	if err := dev.Download(x, m, host); err != nil {
		t.Fatal(err)
	}
	wide := make([]float64, len(host))
	for i, v := range host {
		wide[i] = float64(v)
	}
	return wide
}

// bfloat16RoundTrip uploads, in every form, values that no bfloat16 equals, infinities and NaN.
func bfloat16RoundTrip(t *testing.T, dev device.Device) {
	special := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff), math.MaxFloat32, 1.00390625, 1.01171875, 1e-41}
	for _, x := range []*device.Tensor{
		{Shape: []int{17}}, {Shape: []int{3, 5}}, {Shape: []int{2, 32}}, {Shape: []int{2, 3, 5}}, {Shape: []int{2, 3, 4, 5}}, {Shape: []int{1, 33, 7, 1}},
		{Shape: []int{2, 3, 4, 5}, Role: device.Input}, {Shape: []int{17, 5, 3, 3}, Param: true}, {Shape: []int{5, 40}, Param: true},
	} {
		x.Stored = device.BFloat16
		host := make([]float32, x.Elements())
		for i := range host {
			host[i] = special[i%len(special)] * float32(1+i/len(special))
		}
		m := place(t, dev, x)
		before := slices.Clone(host)
		upload(t, dev, x, m, host)
		got := make([]float32, len(host))
		if err := dev.Download(x, m, got); err != nil {
			t.Fatal(err)
		}
		for i, v := range host {
			if math.Float32bits(v) != math.Float32bits(before[i]) {
				t.Fatalf("%v: Upload changed the host's memory", x.Shape)
			}
			if want := bfloat16.Round(v); got[i] != want && (want == want || got[i] == got[i]) {
				t.Fatalf("%v (param %v, role %d)[%d]: %v is stored as %v, want %v", x.Shape, x.Param, x.Role, i, v, got[i], want)
			}
		}
	}
	wrong := &device.Tensor{Shape: []int{4}, DType: device.BFloat16, Name: "x"}
	if err := dev.Upload(wrong, room(t, dev, 64), make([]float32, 4)); err == nil {
		t.Error("a tensor of bfloat16 by its type took host memory")
	}
}

// StoreAsBFloat16 sets the storage of a step's operands and results as the engine does under
// precision bfloat16: activations, their gradients and the weights of products. It replaces
// these tensors by copies, and reports whether there are any.
func StoreAsBFloat16(s *device.Step) (found bool) {
	mark := func(tensors []*device.Tensor, operand func(int) device.Operand) {
		for i, x := range tensors {
			half := false
			switch operand(i) {
			case device.Weight:
				half = true
			case device.Features:
				half = !x.Param
			case device.Alike, device.Any:
				half = !x.Param && len(x.Shape) >= 2
			}
			if half && x.DType == device.Float32 {
				own := *x
				own.Stored = device.BFloat16
				tensors[i], found = &own, true
			}
		}
	}
	mark(s.In, s.Kind.Operand)
	mark(s.Out, s.Kind.Result)
	return found
}
