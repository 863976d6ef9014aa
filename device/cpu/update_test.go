package cpu_test

import (
	"errors"
	"math"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/internal/optest"
)

// TestUpdatesHaveTheReferencesBits: updates round as device/ref does, so that a run's
// averages and AdamW's moments do not depend on the instruction set.
func TestUpdatesHaveTheReferencesBits(t *testing.T) {
	w := param(37, 50, 3, 3) // more than one piece, channels that are padded
	scalar := func() *device.Tensor { return input(device.Float32) }
	for _, s := range []*device.Step{
		{Kind: device.Lerp, Attr: device.LerpAttr{Weight: 0.1}, In: list(w, w)},
		{Kind: device.SquareLerp, Attr: device.LerpAttr{Weight: 0.001}, In: list(w, w)},
		{Kind: device.AdamWeight, Attr: device.AdamAttr{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01}, In: list(w, w, w, scalar(), scalar())},
	} {
		s.Out = list(w)
		want := updated(t, open(t, cpu.Options{ISA: "generic", Threads: 1}), s)
		for _, isa := range isas[:2] {
			t.Run(s.Kind.String()+"/"+isa, func(t *testing.T) {
				for i, v := range updated(t, open(t, cpu.Options{ISA: isa, Threads: 2}), s) {
					if math.Float32bits(v) != math.Float32bits(want[i]) {
						t.Fatalf("value %d is %v, want %v", i, v, want[i])
					}
				}
			})
		}
	}
}

// updated is the result of a step on random operands of 0.5 to 1.5.
func updated(t *testing.T, d *cpu.Device, s *device.Step) []float32 {
	t.Helper()
	place := func(x *device.Tensor, seed uint64) device.Memory {
		m, err := d.NewBuffer(d.Bytes(x))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Free() })
		host := make([]float32, x.Elements())
		for i, v := range optest.Values(seed, 0.5, 1, x.Shape...) {
			host[i] = float32(v)
		}
		if err := d.Upload(x, device.Memory{Buffer: m}, host); err != nil {
			t.Fatal(err)
		}
		return device.Memory{Buffer: m}
	}
	var in []device.Memory
	for i, x := range s.In {
		in = append(in, place(x, uint64(i)))
	}
	out := place(s.Out[0], 99)
	k, err := d.Bind(s, in, []device.Memory{out}, device.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Begin(); err != nil {
		t.Fatal(err)
	}
	k.Run()
	if err := errors.Join(d.Submit(), d.Wait()); err != nil {
		t.Fatal(err)
	}
	host := make([]float32, s.Out[0].Elements())
	if err := d.Download(s.Out[0], out, host); err != nil {
		t.Fatal(err)
	}
	return host
}
