package engine_test

import (
	"errors"
	"testing"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
)

// recording is a device that keeps the steps that are bound to it.
type recording struct {
	device.Device
	steps []*device.Step
}

func (r *recording) Bind(s *device.Step, in, out []device.Memory, scratch device.Memory) (device.Kernel, error) {
	r.steps = append(r.steps, s)
	return r.Device.Bind(s, in, out, scratch)
}

func inBFloat16(s *engine.Spec) { s.Precision = device.BFloat16 }

// TestRound looks at how each operand and result of a training program is stored.
func TestRound(t *testing.T) {
	for _, noFuse := range []bool{false, true} {
		dev := &recording{Device: testdevice.Open(t, device.Options{})}
		newNetwork(t, tensor.Float32, false).run(dev, 1, func(s *engine.Spec) { inBFloat16(s); s.NoFuse = noFuse })
		casts, halves := 0, 0
		scores := map[*device.Tensor]bool{}
		for _, s := range dev.steps {
			for i, x := range s.In {
				if s.Kind.Operand(i) == device.Scores {
					scores[x] = true
				}
			}
			for i, x := range s.Out {
				if s.Kind.Result(i) == device.Scores {
					scores[x] = true
				}
			}
		}
		check := func(s *device.Step, x *device.Tensor, o device.Operand) {
			want := device.Float32
			switch {
			case x.DType == device.Int64:
				want = device.Int64
			case o == device.Weight:
				want = device.BFloat16
			case o == device.Features && !x.Param && !scores[x]:
				want = device.BFloat16
			}
			if o == device.Alike || o == device.Any {
				return // as its neighbours, which are looked at
			}
			if x.Storage() != want {
				t.Errorf("unfused %v: %v at %q: %v %s%v is stored as %v, want %v", noFuse, s.Kind, s.Path, o, x.Name, x.Shape, x.Storage(), want)
			}
			if want == device.BFloat16 {
				halves++
			}
		}
		for at, s := range dev.steps {
			for i, x := range s.In {
				check(s, x, s.Kind.Operand(i))
			}
			for i, x := range s.Out {
				check(s, x, s.Kind.Result(i))
			}
			if s.Kind == device.Cast {
				casts++
				if at != 0 || len(s.In) < 2 {
					t.Errorf("step %d casts %d weights: want one step of all, the first", at, len(s.In))
				}
			}
		}
		if casts != 1 || halves < 20 {
			t.Errorf("unfused %v: %d casts, %d operands in bfloat16", noFuse, casts, halves)
		}
	}
}

// TestBFloat16Agrees compares kernels, plans of memory and numbers of threads under that
// precision: plans and threads bit by bit, kernels within what their sums differ by, which
// now and then rounds the other way.
func TestBFloat16Agrees(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		run := func(o device.Options, change func(*engine.Spec)) map[string][]float64 {
			_, state := newNetwork(t, tensor.Float32, foreign).run(testdevice.Open(t, o), 3, func(s *engine.Spec) {
				inBFloat16(s)
				if change != nil {
					change(s)
				}
			})
			return state
		}
		_, single := newNetwork(t, tensor.Float32, foreign).run(testdevice.Open(t, device.Options{}), 3, nil)
		fast, plain := run(device.Options{}, nil), run(device.Options{Kernels: "generic"}, nil)
		fresh := run(device.Options{}, func(s *engine.Spec) { s.NoReuse = true })
		poisoned := run(device.Options{Threads: 3}, func(s *engine.Spec) { s.Poison = true })
		differs := false
		for name, want := range plain {
			near(t, name, fast[name], want, 1e-2)
			near(t, name+" in fresh memory", fresh[name], fast[name], 0)
			near(t, name+" in poisoned memory by three threads", poisoned[name], fast[name], 0)
			for i, v := range single[name] {
				differs = differs || v != fast[name][i]
			}
		}
		if !differs {
			t.Error("the numbers are those of float32")
		}
	}
}

// TestBFloat16HalvesTheArena compares what programs take.
func TestBFloat16HalvesTheArena(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	arena := func(precision device.DType) int64 {
		n := newNetwork(t, tensor.Float32, false)
		st := n.state(dev)
		defer st.Close()
		spec := n.spec("train")
		spec.Precision = precision
		m, err := engine.PlanMemory(dev, st, spec)
		if err != nil {
			t.Fatal(err)
		}
		return m.Arena
	}
	single, half := arena(0), arena(device.BFloat16)
	if float64(half) > 0.75*float64(single) { // gradients of the small network's weights stay as they are
		t.Errorf("%d bytes in bfloat16, %d in float32", half, single)
	}
}

func TestBFloat16IsNoType(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	st := engine.NewState(dev)
	defer st.Close()
	if err := st.Add("w", []int{3}, device.BFloat16, nil); !errors.Is(err, engine.ErrValue) {
		t.Errorf("a slot of bfloat16: %v", err)
	}
	n := newNetwork(t, tensor.Float32, false)
	s := n.state(dev)
	defer s.Close()
	spec := n.spec("train")
	spec.Precision = device.Float64
	if _, err := engine.Compile(dev, s, spec); !errors.Is(err, engine.ErrGraph) {
		t.Errorf("a precision of float64: %v", err)
	}
}
