package engine_test

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// mix is a graph whose leaves play every role, with the nodes that are compared: as
// outputs, and assigned to slots of their own.
type mix struct {
	t      *testing.T
	g      *G.ExprGraph
	dt     tensor.Dtype
	spec   engine.Spec
	inputs map[*G.Node]optest.Input
	base   map[*G.Node]*G.Node // the leaf of a value whose gradient is compared
	wanted []*G.Node
	names  []string
	add    []func(*engine.State) error
}

func newMix(t *testing.T, dt tensor.Dtype) *mix {
	g := G.NewGraph()
	return &mix{t: t, g: g, dt: dt, inputs: map[*G.Node]optest.Input{}, base: map[*G.Node]*G.Node{}, spec: engine.Spec{Name: "mix", Graph: g, Slots: map[*G.Node]string{}, Poison: true}}
}

// leaf adds a slot, an input or a constant, in this order of role.
func (m *mix) leaf(role string, name string, seed uint64, shape ...int) *G.Node {
	in := optest.Affine(name, seed, 0.5, 0.75, shape...) // positive: square roots and quotients
	n := in.Node(m.g, m.dt)
	switch role {
	case "slot":
		m.spec.Slots[n] = name
		m.slot(name, shape, host(n.Value()))
	case "input":
		m.spec.Inputs = append(m.spec.Inputs, n)
		m.inputs[n] = in
	}
	return n
}

func (m *mix) slot(name string, shape []int, value any) {
	dt := device.Float32
	if m.dt == tensor.Float64 {
		dt = device.Float64
	}
	m.add = append(m.add, func(st *engine.State) error { return st.Add(name, shape, dt, value) })
}

// want compares a node, as an output and assigned.
func (m *mix) want(name string, n *G.Node, err error) *G.Node {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("%s: %v", name, err)
	}
	m.wanted, m.names = append(m.wanted, n), append(m.names, name)
	return n
}

// gradient compares the gradients of a weighted sum of y.
func (m *mix) gradient(name string, y *G.Node, of ...*G.Node) {
	m.t.Helper()
	cost, err := optest.Weigh(y, 7)
	if err != nil {
		m.t.Fatal(err)
	}
	var leaves []*G.Node
	for _, n := range of {
		for m.base[n] != nil {
			n = m.base[n]
		}
		leaves = append(leaves, n)
	}
	grads, err := G.Grad(cost, leaves...)
	if err != nil {
		m.t.Fatalf("%s: %v", name, err)
	}
	for i, g := range grads {
		m.want(fmt.Sprintf("gradient of %s %d", name, i), g, nil)
	}
}

// tape are the wanted values by Gorgonia's own machine. It gives the memory of a value to
// later ones unless something reads the value.
func (m *mix) tape() (all [][]float64) {
	m.t.Helper()
	values := make([]G.Value, len(m.wanted))
	for i, n := range m.wanted {
		G.Read(n, &values[i])
	}
	machine := G.NewTapeMachine(m.g)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		m.t.Fatal(err)
	}
	for _, v := range values {
		data, _, err := engine.HostData(v)
		if err != nil {
			m.t.Fatal(err)
		}
		all = append(all, wide(data))
	}
	return all
}

func wide(data any) []float64 {
	switch d := data.(type) {
	case []float32:
		w := make([]float64, len(d))
		for i, v := range d {
			w[i] = float64(v)
		}
		return w
	case []int64:
		w := make([]float64, len(d))
		for i, v := range d {
			w[i] = float64(v)
		}
		return w
	}
	return data.([]float64)
}

// engine are the wanted values as outputs, and as the slots that they were assigned to.
func (m *mix) engine(o device.Options, nofuse bool) (outputs, assigned [][]float64) {
	m.t.Helper()
	dev := testdevice.Open(m.t, o)
	st := engine.NewState(dev)
	defer st.Close()
	spec := m.spec
	spec.NoFuse = nofuse
	for _, add := range m.add {
		if err := add(st); err != nil {
			m.t.Fatal(err)
		}
	}
	for i, n := range m.wanted {
		name := fmt.Sprintf("assigned %d", i)
		dt := map[tensor.Dtype]device.DType{tensor.Float32: device.Float32, tensor.Float64: device.Float64, tensor.Int64: device.Int64}[n.Dtype()]
		if err := st.Add(name, n.Shape(), dt, nil); err != nil {
			m.t.Fatal(err)
		}
		spec.Assign = append(spec.Assign, engine.Assignment{Slot: name, Value: n})
	}
	spec.Outputs = m.wanted
	for _, both := range []bool{true, false} { // what nobody reads is made in the slot itself
		if !both {
			spec.Outputs = nil
		}
		p, err := engine.Compile(dev, st, spec)
		if err != nil {
			m.t.Fatal(err)
		}
		for n := range m.inputs {
			if err := p.Bind(n, host(n.Value())); err != nil {
				m.t.Fatal(err)
			}
		}
		if err := p.Run(); err != nil {
			m.t.Fatal(err)
		}
		for i, n := range m.wanted {
			h := newLike(n)
			if both {
				if err := p.Read(n, h); err != nil {
					m.t.Fatal(err)
				}
				outputs = append(outputs, wide(h))
				h = newLike(n)
			}
			if err := st.Read(fmt.Sprintf("assigned %d", i), h); err != nil {
				m.t.Fatal(err)
			}
			assigned = append(assigned, wide(h))
		}
		p.Close()
	}
	return outputs, assigned
}

func newLike(n *G.Node) any {
	size := n.Shape().TotalSize()
	switch n.Dtype() {
	case tensor.Float32:
		return make([]float32, size)
	case tensor.Float64:
		return make([]float64, size)
	}
	return make([]int64, size)
}

// kernels are those that a table of graphs runs on.
var kernels = []device.Options{{Threads: 2}, {Threads: 1, Kernels: "avx2"}, {Threads: 1, Kernels: "generic"}}

// compare builds a graph anew for each machine, since a machine changes it.
func compare(t *testing.T, build func(m *mix)) {
	t.Helper()
	for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		tape := newMix(t, dt)
		build(tape)
		want := tape.tape()
		for _, o := range kernels {
			if dt == tensor.Float64 && o.Kernels != "" {
				continue // they are all plain
			}
			for _, nofuse := range []bool{false, true} {
				if !testdevice.Has(o) {
					continue
				}
				m := newMix(t, dt)
				build(m)
				outputs, assigned := m.engine(o, nofuse)
				for i, name := range m.names {
					where := fmt.Sprintf("%s %v %s unfused=%v", name, dt, o.Kernels, nofuse)
					same(t, where+", output", outputs[i], want[i], dt)
					same(t, where+", assigned beside", assigned[i], want[i], dt)
					same(t, where+", assigned", assigned[len(want)+i], want[i], dt)
				}
			}
		}
	}
}

func same(t *testing.T, what string, got, want []float64, dt tensor.Dtype) {
	t.Helper()
	tolerance := 1e-12
	if dt == tensor.Float32 {
		tolerance = 5e-5
	}
	scale := 1.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*scale) {
			t.Errorf("%s: [%d] is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

// formShapes are a convolution's weights with and without whole blocks of channels, maps of
// few channels, which inputs hold row-major, and everything with fewer axes.
var formShapes = [][]int{{20, 18, 3, 3}, {16, 32, 1, 1}, {3, 2, 5, 4}, {2, 3, 4}, {7, 20}, {2, 16}, {20}, {16}, {}}

// TestForeignElementwise lets Gorgonia's own arithmetic meet tensors in every role, and
// Euryale's operators what it makes.
func TestForeignElementwise(t *testing.T) {
	unary := []struct {
		name string
		do   func(*G.Node) (*G.Node, error)
	}{{"sigmoid", G.Sigmoid}, {"square", G.Square}, {"sqrt", G.Sqrt}, {"neg", G.Neg}}
	binary := []struct {
		name string
		do   func(a, b *G.Node) (*G.Node, error)
	}{{"mul", G.HadamardProd}, {"sub", G.Sub}, {"add", func(a, b *G.Node) (*G.Node, error) { return G.Add(a, b) }}, {"div", G.HadamardDiv}}
	for _, shape := range formShapes {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			compare(t, func(m *mix) {
				w, v := m.leaf("slot", "w", 1, shape...), m.leaf("slot", "v", 2, shape...)
				x, c := m.leaf("input", "x", 3, shape...), m.leaf("constant", "c", 4, shape...)
				k := m.leaf("input", "k", 5)
				act, err := op.ReLU("act", x)
				m.want("act", act, err)
				half, err := op.Scale("half", w, k)
				m.want("half", half, err)
				roles := map[string]*G.Node{"slot": w, "input": x, "constant": c, "activation": act, "parameter": half}
				names := []string{"slot", "input", "constant", "activation", "parameter"}
				for _, f := range unary {
					for _, role := range names {
						y, err := f.do(roles[role])
						m.own(f.name+" "+role, m.want(f.name+" "+role, y, err), v, k)
					}
				}
				for n, f := range binary {
					for i, first := range names {
						for j, second := range names {
							if (i+j+n)%2 == 0 && i != j {
								continue // half of the pairs, each role first and second
							}
							y, err := f.do(roles[first], roles[second])
							m.want(fmt.Sprint(f.name, " ", first, " ", second), y, err)
						}
					}
				}
				if len(shape) > 0 {
					scaled, err := G.Mul(k, w)
					m.want("k·w", scaled, err)
					scaled, err = G.Mul(act, k)
					m.want("act·k", scaled, err)
					next, err := G.Sub(w, G.Must(G.Mul(G.Must(G.Sigmoid(half)), k)))
					m.want("w - k·g", next, err)
				}
			})
		})
	}
}

// own lets Euryale's operators read y beside a slot.
func (m *mix) own(name string, y, v, k *G.Node) {
	m.t.Helper()
	lerp, err := op.Lerp(name, v, y, 0.25)
	m.want("lerp of "+name, lerp, err)
	sum, err := op.Add(name, y, v)
	m.want("sum of "+name, sum, err)
	scaled, err := op.Scale(name, y, k)
	m.want("scale of "+name, scaled, err)
	squares, err := op.SumSquares(name, y)
	m.want("squares of "+name, squares, err)
	velocity, err := op.SGDVelocity(name, y, v, v, op.SGDOptions{Momentum: 0.5})
	m.want("velocity "+name, velocity, err)
	weight, err := op.SGDWeight(name, v, velocity, k, nil, op.SGDOptions{Momentum: 0.5})
	m.want("weight "+name, weight, err)
}
