package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// slots is a graph over slots a, b and c of one shape and what is assigned to them.
type slots struct {
	g    *G.ExprGraph
	leaf map[string]*G.Node
	k    *G.Node
}

// TestAssignmentsTakeEffectTogether assigns slots to one another in every way and order:
// each gets what follows from the old values.
func TestAssignmentsTakeEffectTogether(t *testing.T) {
	shape := []int{20, 3, 3, 3}
	own := func(x *G.Node, s *slots) *G.Node { return G.Must(op.Scale("k", x, s.k)) }          // 5x
	foreign := func(x *G.Node, s *slots) *G.Node { return G.Must(G.Add(x, x)) }                // 2x
	host := func(x *G.Node, s *slots) *G.Node { return G.Must(G.Square(x)) }                   // x²
	lerp := func(x, y *G.Node) *G.Node { return G.Must(op.Lerp("lerp", x, y, 0.25)) }          // 3/4 x + 1/4 y
	sub := func(x, y *G.Node, s *slots) *G.Node { return G.Must(G.Sub(own(x, s), own(y, s))) } // 5x - 5y
	type values map[string]func(s *slots) *G.Node
	leaf := func(name string) func(s *slots) *G.Node { return func(s *slots) *G.Node { return s.leaf[name] } }
	// a, b, c = 1, 2, 3 and k = 5
	for name, c := range map[string]struct {
		assign values
		want   map[string]float32
	}{
		"a leaf":            {values{"a": leaf("b"), "b": func(s *slots) *G.Node { return own(s.leaf["b"], s) }}, map[string]float32{"a": 2, "b": 10}},
		"a leaf of another": {values{"a": leaf("b")}, map[string]float32{"a": 2}},
		"itself":            {values{"a": leaf("a")}, nil},
		"a swap":            {values{"a": leaf("b"), "b": leaf("a")}, map[string]float32{"a": 2, "b": 1}},
		"a ring":            {values{"a": leaf("b"), "b": leaf("c"), "c": leaf("a")}, map[string]float32{"a": 2, "b": 3, "c": 1}},
		"a chain": {values{"a": leaf("b"), "b": leaf("c"), "c": func(s *slots) *G.Node { return own(s.leaf["c"], s) }},
			map[string]float32{"a": 2, "b": 3, "c": 15}},
		"two of one": {values{"a": leaf("c"), "b": leaf("c")}, map[string]float32{"a": 3, "b": 3}},
		"in place, crosswise": {values{
			"a": func(s *slots) *G.Node { return lerp(s.leaf["a"], s.leaf["b"]) },
			"b": func(s *slots) *G.Node { return lerp(s.leaf["b"], s.leaf["a"]) },
		}, map[string]float32{"a": 1.25, "b": 1.75}},
		"in place, a ring": {values{
			"a": func(s *slots) *G.Node { return lerp(s.leaf["a"], s.leaf["b"]) },
			"b": func(s *slots) *G.Node { return lerp(s.leaf["b"], s.leaf["c"]) },
			"c": func(s *slots) *G.Node { return lerp(s.leaf["c"], s.leaf["a"]) },
		}, map[string]float32{"a": 1.25, "b": 2.25, "c": 2.5}},
		"new and old of one": {values{
			"a": func(s *slots) *G.Node { return lerp(s.leaf["a"], s.leaf["b"]) },
			"b": func(s *slots) *G.Node { return sub(lerp(s.leaf["a"], s.leaf["b"]), s.leaf["a"], s) },
		}, map[string]float32{"a": 1.25, "b": 1.25}},
		"the same value": {values{
			"a": func(s *slots) *G.Node { return foreign(s.leaf["c"], s) },
			"b": func(s *slots) *G.Node { return foreign(s.leaf["c"], s) },
			"c": leaf("a"),
		}, map[string]float32{"a": 6, "b": 6, "c": 1}},
		"on the host": {values{
			"a": func(s *slots) *G.Node { return host(s.leaf["b"], s) },
			"b": func(s *slots) *G.Node { return host(s.leaf["c"], s) },
			"c": func(s *slots) *G.Node { return host(s.leaf["a"], s) },
		}, map[string]float32{"a": 4, "b": 9, "c": 1}},
		"on the host, of its own": {values{"a": func(s *slots) *G.Node { return sub(s.leaf["a"], s.leaf["b"], s) }, "b": leaf("a")},
			map[string]float32{"a": -5, "b": 1}},
	} {
		for _, order := range [][]string{{"a", "b", "c"}, {"c", "b", "a"}, {"b", "a", "c"}} {
			for _, nofuse := range []bool{false, true} {
				for _, isa := range []string{"", "generic"} {
					t.Run(fmt.Sprintf("%s %v unfused=%v %s", name, order, nofuse, isa), func(t *testing.T) {
						dev := testdevice.Open(t, device.Options{Kernels: isa, Threads: 1})
						st := engine.NewState(dev)
						defer st.Close()
						s := &slots{g: G.NewGraph(), leaf: map[string]*G.Node{}}
						s.k = G.NewScalar(s.g, tensor.Float32, G.WithName("k"))
						spec := engine.Spec{Graph: s.g, Inputs: []*G.Node{s.k}, Slots: map[*G.Node]string{}, NoFuse: nofuse, Poison: true}
						n := tensor.Shape(shape).TotalSize()
						old := map[string]float32{"a": 1, "b": 2, "c": 3}
						for _, name := range []string{"a", "b", "c"} {
							if err := st.Add(name, shape, device.Float32, slices.Repeat([]float32{old[name]}, n)); err != nil {
								t.Fatal(err)
							}
							s.leaf[name] = G.NewTensor(s.g, tensor.Float32, 4, G.WithShape(shape...), G.WithName(name))
							spec.Slots[s.leaf[name]] = name
						}
						for _, slot := range order {
							if value := c.assign[slot]; value != nil {
								spec.Assign = append(spec.Assign, engine.Assignment{Slot: slot, Value: value(s)})
							}
						}
						for _, l := range order { // the leaves as outputs keep their old values
							if name != "itself" {
								spec.Outputs = append(spec.Outputs, s.leaf[l])
							}
						}
						p, err := engine.Compile(dev, st, spec)
						if err != nil {
							t.Fatal(err)
						}
						defer p.Close()
						if err := errors.Join(p.Bind(s.k, 5.0), p.Run()); err != nil {
							t.Fatal(err)
						}
						got := make([]float32, n)
						for slot, was := range old {
							if name != "itself" {
								if err := p.Read(s.leaf[slot], got); err != nil || slices.Min(got) != was || slices.Max(got) != was {
									t.Errorf("the output %s is %v to %v, want the old value %v (%v)", slot, slices.Min(got), slices.Max(got), was, err)
								}
							}
							want, ok := c.want[slot]
							if !ok {
								want = was
							}
							if err := st.Read(slot, got); err != nil || slices.Min(got) != want || slices.Max(got) != want {
								t.Errorf("%s is %v to %v, want %v (%v)", slot, slices.Min(got), slices.Max(got), want, err)
							}
						}
					})
				}
			}
		}
	}
}

// TestAssignedLeaves assigns what no step makes: inputs and constants of every shape and type.
func TestAssignedLeaves(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64, tensor.Int64} {
		for _, shape := range []tensor.Shape{{}, {5}, {3, 7}, {2, 3, 4}, {18, 3, 3, 2}, {2, 20, 1, 1}} {
			for _, constant := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v%v constant=%v", dt, shape, constant), func(t *testing.T) {
					dev := testdevice.Open(t, device.Options{Threads: 1})
					st := engine.NewState(dev)
					defer st.Close()
					deviceType := map[tensor.Dtype]device.DType{tensor.Float32: device.Float32, tensor.Float64: device.Float64, tensor.Int64: device.Int64}[dt]
					if err := st.Add("a", shape, deviceType, nil); err != nil {
						t.Fatal(err)
					}
					g := G.NewGraph()
					value := counting(dt, shape)
					var x *G.Node
					opts := []G.NodeConsOpt{G.WithName("x")}
					if constant {
						opts = append(opts, G.WithValue(value))
					}
					if len(shape) == 0 {
						x = G.NewScalar(g, dt, opts...)
					} else {
						x = G.NewTensor(g, dt, len(shape), append(opts, G.WithShape(shape...))...)
					}
					spec := engine.Spec{Graph: g, Assign: []engine.Assignment{{Slot: "a", Value: x}}}
					if !constant {
						spec.Inputs = []*G.Node{x}
					}
					p, err := engine.Compile(dev, st, spec)
					if err != nil {
						t.Fatal(err)
					}
					defer p.Close()
					if !constant {
						if err := p.Bind(x, host(value)); err != nil {
							t.Fatal(err)
						}
					}
					got := host(counting(dt, shape))
					clearAny(got)
					if err := errors.Join(p.Run(), st.Read("a", got)); err != nil {
						t.Fatal(err)
					}
					if fmt.Sprint(got) != fmt.Sprint(host(value)) {
						t.Errorf("got %v, want %v", got, host(value))
					}
				})
			}
		}
	}
}

// counting is a value 1, 2, 3 … of a shape and type.
func counting(dt tensor.Dtype, shape tensor.Shape) G.Value {
	n := shape.TotalSize()
	f32, f64, ints := make([]float32, n), make([]float64, n), make([]int64, n)
	for i := range n {
		f32[i], f64[i], ints[i] = float32(i+1), float64(i+1), int64(i+1)
	}
	backing := map[tensor.Dtype]any{tensor.Float32: f32, tensor.Float64: f64, tensor.Int64: ints}[dt]
	if len(shape) == 0 {
		return map[tensor.Dtype]G.Value{tensor.Float32: G.NewF32(1), tensor.Float64: G.NewF64(1), tensor.Int64: G.NewI64(1)}[dt]
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
}

func clearAny(v any) {
	switch s := v.(type) {
	case []float32:
		clear(s)
	case []float64:
		clear(s)
	case []int64:
		clear(s)
	}
}

func TestASlotIsAssignedOnce(t *testing.T) {
	dev := testdevice.Open(t, device.Options{Kernels: "generic"})
	st := engine.NewState(dev)
	defer st.Close()
	if err := st.Add("a", []int{2}, device.Float32, nil); err != nil {
		t.Fatal(err)
	}
	g := G.NewGraph()
	x := G.NewVector(g, tensor.Float32, G.WithShape(2), G.WithName("x"))
	for want, spec := range map[string]engine.Spec{
		"assigned twice": {Assign: []engine.Assignment{{Slot: "a", Value: x}, {Slot: "a", Value: x}}, Inputs: []*G.Node{x}},
		"slot a at once": {Inputs: []*G.Node{x}, Slots: map[*G.Node]string{x: "a"}, Outputs: []*G.Node{x}},
	} {
		spec.Graph = g
		if _, err := engine.Compile(dev, st, spec); !errors.Is(err, engine.ErrGraph) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
