package engine_test

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// network is a small residual network with every pattern that the passes change:
// batch normalisation with ReLU and residual, bias with ReLU, fan-in of gradients,
// SGD with momentum, running statistics.
type network struct {
	t      testing.TB
	g      *G.ExprGraph
	dt     tensor.Dtype
	leaves []*G.Node
	values map[*G.Node]optest.Input
	params []*G.Node
	slots  map[*G.Node]string
	assign []engine.Assignment
	x, y   *G.Node
	lr     *G.Node
	loss   *G.Node
	class  *G.Node
	middle *G.Node
	grads  []*G.Node // of params
}

func (n *network) must(y *G.Node, err error) *G.Node {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
	return y
}

func (n *network) leaf(in optest.Input) *G.Node {
	node := in.Node(n.g, n.dt)
	n.leaves = append(n.leaves, node)
	n.values[node] = in
	return node
}

func (n *network) slot(in optest.Input) *G.Node {
	node := n.leaf(in)
	n.slots[node] = in.Name
	return node
}

func (n *network) param(name string, seed uint64, scale, offset float64, shape ...int) *G.Node {
	p := n.slot(optest.Affine(name, seed, scale, offset, shape...))
	n.params = append(n.params, p)
	return p
}

func (n *network) set(slot *G.Node, v *G.Node) {
	n.assign = append(n.assign, engine.Assignment{Slot: n.slots[slot], Value: v})
}

func (n *network) batchNorm(x *G.Node, name string, seed uint64) *G.Node {
	c := x.Shape()[1]
	gamma, beta := n.param(name+".weight", seed, 0.5, 1, c), n.param(name+".bias", seed+1, 0.1, 0, c)
	mean := n.slot(optest.Affine(name+".running_mean", 0, 0, 0, c))
	variance := n.slot(optest.Affine(name+".running_var", 0, 0, 1, c))
	stats := n.must(op.BatchNormStats(name, x))
	n.set(mean, n.must(op.RunningMean(name, mean, stats, 0.1)))
	n.set(variance, n.must(op.RunningVar(name, variance, stats, 0.1, x.Shape().TotalSize()/c)))
	return n.must(op.BatchNormApply(name, x, stats, gamma, beta, 1e-5, true))
}

// newNetwork builds one training step. foreign puts gorgonia's own Sigmoid in it.
func newNetwork(t testing.TB, dt tensor.Dtype, foreign bool) *network {
	return networkOf(t, dt, foreign, device.ReLU)
}

// networkOf has another activation than ReLU.
func networkOf(t testing.TB, dt tensor.Dtype, foreign bool, act device.Act) *network {
	activate := func(path string, x *G.Node) (*G.Node, error) { return op.Activate(path, x, act) }
	n := &network{t: t, g: G.NewGraph(), dt: dt, values: map[*G.Node]optest.Input{}, slots: map[*G.Node]string{}}
	n.x = n.leaf(optest.Random("x", 1, 4, 3, 9, 9))
	n.y = n.leaf(optest.Ints("labels", 0, 2, 1, 2))
	n.lr = n.leaf(optest.Input{Name: "lr", Float: []float64{0.1}})
	conv := func(name string, x *G.Node, seed uint64, o, k, stride, pad int) *G.Node {
		w := n.param(name+".weight", seed, 0.4, 0, o, x.Shape()[1], k, k)
		return n.must(op.Conv2D(name, x, w, op.Conv2DOptions{Stride: [2]int{stride, stride}, Padding: [2]int{pad, pad}}))
	}
	h := conv("stem", n.x, 2, 6, 3, 1, 1)
	h = n.must(activate("stem", n.must(op.BiasAdd("stem", h, n.param("stem.bias", 3, 0.1, 0, 6)))))
	h = n.must(op.MaxPool2D("pool", h, op.PoolOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}))
	r := n.must(activate("relu1", n.batchNorm(conv("conv1", h, 4, 6, 3, 1, 1), "bn1", 5)))
	r = n.batchNorm(conv("conv2", r, 7, 6, 1, 1, 0), "bn2", 8)
	h = n.must(activate("relu2", n.must(op.Add("add", r, h))))
	n.middle = h
	down := n.batchNorm(conv("down", h, 10, 20, 1, 2, 0), "bn3", 11)
	r = n.batchNorm(conv("conv3", h, 13, 20, 3, 2, 1), "bn4", 14)
	h = n.must(activate("relu3", n.must(op.Add("add2", r, down))))
	if foreign {
		h = n.must(G.Sigmoid(h))
	}
	f := n.must(op.Flatten("flatten", n.must(op.AdaptiveAvgPool2D("avgpool", h, 2, 2))))
	f = n.must(op.Linear("fc1", f, n.param("fc1.weight", 16, 0.2, 0, 7, 80)))
	f = n.must(activate("fc1", n.must(op.BiasAdd("fc1", f, n.param("fc1.bias", 17, 0.1, 0, 7)))))
	logits := n.must(op.Linear("fc2", f, n.param("fc2.weight", 18, 0.5, 0, 3, 7)))
	n.class = n.must(op.ArgMax("class", logits))
	n.loss = n.must(op.SoftmaxCrossEntropy("loss", logits, n.y, 0.1))
	grads, err := G.Grad(n.loss, n.params...)
	if err != nil {
		t.Fatal(err)
	}
	n.grads = grads
	for i, p := range n.params {
		o := op.SGDOptions{Momentum: 0.9, WeightDecay: 5e-4, Nesterov: i%2 == 0}
		name := n.slots[p]
		slot := n.slot(optest.Affine("optim/"+name, 0, 0, 0, p.Shape()...))
		v := n.must(op.SGDVelocity(name, slot, grads[i], p, o))
		var g *G.Node
		if o.Nesterov {
			g = grads[i]
		}
		n.set(slot, v)
		n.set(p, n.must(op.SGDWeight(name, p, v, n.lr, g, o)))
	}
	return n
}

// tape runs steps on Gorgonia's own machine, assignments made by hand.
func (n *network) tape(steps int) (losses []float64, state map[string][]float64) {
	m := G.NewTapeMachine(n.g)
	defer m.Close()
	leaf := map[string]*G.Node{}
	for node, name := range n.slots {
		leaf[name] = node
	}
	for range steps {
		if err := m.RunAll(); err != nil {
			n.t.Fatal(err)
		}
		losses = append(losses, optest.Floats(n.loss.Value())...)
		var next []G.Value
		for _, a := range n.assign {
			next = append(next, a.Value.Value())
		}
		for i, a := range n.assign {
			if err := G.Let(leaf[a.Slot], next[i]); err != nil {
				n.t.Fatal(err)
			}
		}
		m.Reset()
	}
	state = map[string][]float64{}
	for name, node := range leaf {
		state[name] = slices.Clone(optest.Floats(node.Value()))
	}
	return losses, state
}

func host(v G.Value) any {
	switch d := v.Data().(type) {
	case float32:
		return []float32{d}
	case float64:
		return []float64{d}
	case int64:
		return []int64{d}
	default:
		return d
	}
}

func (n *network) deviceType() device.DType {
	if n.dt == tensor.Float64 {
		return device.Float64
	}
	return device.Float32
}

func (n *network) state(dev device.Device) *engine.State {
	st := engine.NewState(dev)
	for _, node := range n.leaves {
		if name, ok := n.slots[node]; ok {
			if err := st.Add(name, node.Shape(), n.deviceType(), host(node.Value())); err != nil {
				n.t.Fatal(err)
			}
		}
	}
	return st
}

func (n *network) spec(name string) engine.Spec {
	return engine.Spec{
		Name: name, Graph: n.g, Inputs: []*G.Node{n.x, n.y, n.lr},
		Outputs: []*G.Node{n.loss, n.class}, Slots: n.slots, Assign: n.assign,
	}
}

// run makes steps on the engine.
func (n *network) run(dev device.Device, steps int, change func(*engine.Spec)) (losses []float64, state map[string][]float64) {
	st := n.state(dev)
	defer st.Close()
	spec := n.spec("train")
	if change != nil {
		change(&spec)
	}
	p, err := engine.Compile(dev, st, spec)
	if err != nil {
		n.t.Fatal(err)
	}
	defer p.Close()
	n.bind(p)
	for range steps {
		if err := p.Run(); err != nil {
			n.t.Fatal(err)
		}
		losses = append(losses, n.readFloats(func(h any) error { return p.Read(n.loss, h) }, 1)[0])
	}
	state = map[string][]float64{}
	for _, name := range st.Names() {
		shape, _ := st.Shape(name)
		state[name] = n.readFloats(func(h any) error { return st.Read(name, h) }, tensor.Shape(shape).TotalSize())
	}
	return losses, state
}

func (n *network) bind(p *engine.Program) {
	for _, in := range []*G.Node{n.x, n.y, n.lr} {
		if err := p.Bind(in, host(in.Value())); err != nil {
			n.t.Fatal(err)
		}
	}
}

func (n *network) readFloats(read func(any) error, size int) []float64 {
	n.t.Helper()
	if n.dt == tensor.Float64 {
		f := make([]float64, size)
		if err := read(f); err != nil {
			n.t.Fatal(err)
		}
		return f
	}
	f := make([]float32, size)
	if err := read(f); err != nil {
		n.t.Fatal(err)
	}
	wide := make([]float64, size)
	for i, v := range f {
		wide[i] = float64(v)
	}
	return wide
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*math.Max(1, math.Abs(want[i]))) {
			t.Fatalf("%s[%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestTrainsAsTapeMachine compares whole training steps, updates included, with
// Gorgonia's machine: bit by bit where nothing is fused and the kernels are the same.
func TestTrainsAsTapeMachine(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		for _, c := range []struct {
			name      string
			dt        tensor.Dtype
			device    device.Options
			change    func(*engine.Spec)
			tolerance float64
		}{
			{"float64 unfused", tensor.Float64, device.Options{Kernels: "generic"}, func(s *engine.Spec) { s.NoFuse = true }, 0},
			{"float32 unfused", tensor.Float32, device.Options{Kernels: "generic"}, func(s *engine.Spec) { s.NoFuse = true }, 0},
			{"float64 fused", tensor.Float64, device.Options{Kernels: "generic"}, nil, 1e-12},
			{"float64 poisoned", tensor.Float64, device.Options{Kernels: "generic"}, func(s *engine.Spec) { s.Poison = true }, 1e-12},
			{"float64 fresh memory", tensor.Float64, device.Options{Kernels: "generic"}, func(s *engine.Spec) { s.NoReuse = true }, 1e-12},
			{"fast", tensor.Float32, device.Options{}, nil, 2e-4},
			{"fast poisoned", tensor.Float32, device.Options{}, func(s *engine.Spec) { s.Poison = true }, 2e-4},
			{"fast unfused", tensor.Float32, device.Options{}, func(s *engine.Spec) { s.NoFuse = true; s.Poison = true }, 2e-4},
			{"three threads", tensor.Float32, device.Options{Threads: 3}, nil, 2e-4},
		} {
			t.Run(fmt.Sprintf("%s foreign=%v", c.name, foreign), func(t *testing.T) {
				wantLoss, wantState := newNetwork(t, c.dt, foreign).tape(4)
				loss, state := newNetwork(t, c.dt, foreign).run(testdevice.Open(t, c.device), 4, c.change)
				near(t, "loss", loss, wantLoss, c.tolerance)
				for name := range wantState {
					near(t, name, state[name], wantState[name], c.tolerance)
				}
			})
		}
	}
}

// TestPlanHasTheBitsOfFreshMemory compares the planned arena with memory of each
// tensor's own: an aliased buffer changes the result.
func TestPlanHasTheBitsOfFreshMemory(t *testing.T) {
	_, want := newNetwork(t, tensor.Float32, false).run(testdevice.Open(t, device.Options{}), 3, func(s *engine.Spec) { s.NoReuse = true })
	_, got := newNetwork(t, tensor.Float32, false).run(testdevice.Open(t, device.Options{}), 3, func(s *engine.Spec) { s.Poison = true })
	for name := range want {
		near(t, name, got[name], want[name], 0)
	}
}

func TestThreadsDoNotChangeTheBits(t *testing.T) {
	_, want := newNetwork(t, tensor.Float32, false).run(testdevice.Open(t, device.Options{Threads: 1}), 3, nil)
	for _, threads := range []int{2, 3, 5} {
		_, got := newNetwork(t, tensor.Float32, false).run(testdevice.Open(t, device.Options{Threads: threads}), 3, nil)
		for name := range want {
			near(t, name, got[name], want[name], 0)
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	testdevice.NoAllocations(t, dev)
	n := newNetwork(t, tensor.Float32, false)
	st := n.state(dev)
	defer st.Close()
	p, err := engine.Compile(dev, st, n.spec("train"))
	if err != nil {
		t.Fatal(err)
	}
	n.bind(p)
	loss := make([]float32, 1)
	images := host(n.x.Value())
	step := func() { // with the next batch bound meanwhile
		if err := errors.Join(p.Bind(n.lr, 0.1), p.Start(), p.Bind(n.x, images), p.Wait(), p.Read(n.loss, loss)); err != nil {
			t.Fatal(err)
		}
	}
	step()
	step()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 50 {
		step()
	}
	runtime.ReadMemStats(&after)
	if got := float64(after.Mallocs-before.Mallocs) / 50; got > 8 { // the interface conversions of Bind and Read
		t.Errorf("%.1f allocations a step", got)
	}
}

func TestErrorsNameTheNode(t *testing.T) {
	dev := testdevice.Open(t, device.Options{Kernels: "generic"})
	n := newNetwork(t, tensor.Float64, false)
	st := n.state(dev)
	defer st.Close()
	p, err := engine.Compile(dev, st, n.spec("train"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	expect := func(what string, err error, wants ...string) {
		t.Helper()
		if err == nil {
			t.Fatalf("%s: no error", what)
		}
		for _, want := range wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v lacks %q", what, err, want)
			}
		}
	}
	expect("unbound", p.Run(), "train", "has no value")
	expect("short", p.Bind(n.x, make([]float64, 5)), "x", "5 elements")
	expect("type", p.Bind(n.x, make([]float32, 4*3*81)), "x", "float32")
	expect("not an input", p.Bind(n.loss, 1.0), "not an input")
	expect("no such slot", st.Read("nothing", make([]float64, 1)), "nothing")
	expect("slot twice", st.Add("stem.weight", []int{1}, device.Float64, nil), "stem.weight", "already")
	expect("slot length", st.Write("stem.bias", make([]float64, 5)), "stem.bias", "5 elements")
	missing := n.spec("train")
	missing.Slots = map[*G.Node]string{}
	_, err = engine.Compile(dev, st, missing)
	if err == nil { // leaves with values become constants, so ask for one without
		leaf := G.NewScalar(n.g, tensor.Float64, G.WithName("nobody"))
		sum := G.Must(G.Add(n.loss, leaf))
		bad := n.spec("eval")
		bad.Outputs, bad.Assign = []*G.Node{sum}, nil
		_, err = engine.Compile(dev, st, bad)
		expect("unbound leaf", err, "nobody")
	}
}

func TestAPanicBecomesAnError(t *testing.T) {
	dev := &panicking{testdevice.Open(t, device.Options{Kernels: "generic"})}
	n := newNetwork(t, tensor.Float64, false)
	st := n.state(dev)
	defer st.Close()
	p, err := engine.Compile(dev, st, n.spec("train"))
	if err != nil {
		t.Fatal(err)
	}
	n.bind(p)
	err = p.Run()
	if !errors.Is(err, engine.ErrRun) || !strings.Contains(err.Error(), "pool MaxPool") {
		t.Errorf("error %v, want ErrRun that names the pool", err)
	}
}

// panicking is a device whose max pool breaks.
type panicking struct{ device.Device }

type bomb struct{}

func (bomb) Run() { panic("bomb") }

func (d *panicking) Bind(s *device.Step, in, out []device.Memory, scratch device.Memory) (device.Kernel, error) {
	if s.Kind == device.MaxPool {
		return bomb{}, nil
	}
	return d.Device.Bind(s, in, out, scratch)
}

func TestProgramsShareAState(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	n := newNetwork(t, tensor.Float32, false)
	st := n.state(dev)
	defer st.Close()
	train, err := engine.Compile(dev, st, n.spec("train"))
	if err != nil {
		t.Fatal(err)
	}
	watch := n.spec("watch")
	watch.Outputs, watch.Assign = []*G.Node{n.loss, n.middle}, nil
	eval, err := engine.Compile(dev, st, watch)
	if err != nil {
		t.Fatal(err)
	}
	n.bind(train)
	n.bind(eval)
	clone, err := st.Clone()
	if err != nil {
		t.Fatal(err)
	}
	defer clone.Close()
	before, loss := make([]float32, 1), make([]float32, 1)
	for range 3 {
		if err := errors.Join(eval.Run(), eval.Read(n.loss, before), train.Run(), train.Read(n.loss, loss)); err != nil {
			t.Fatal(err)
		}
		if before[0] != loss[0] {
			t.Fatalf("the loss is %v without updates and %v with", before[0], loss[0])
		}
	}
	got, old := make([]float32, 6), make([]float32, 6)
	if err := errors.Join(st.Read("stem.bias", got), clone.Read("stem.bias", old)); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(got, old) {
		t.Error("training changed nothing, or the clone too")
	}
	for _, want := range []string{"slot stem.weight", "Conv2D+bias+ReLU", "BatchNormApply+residual+ReLU", "BatchNormGradStats+ReLU", "Conv2DGradInput+sum"} {
		if !strings.Contains(train.Explain(), want) {
			t.Errorf("Explain does not show %s", want)
		}
	}
}

func TestBrokenOperatorsAreRefused(t *testing.T) {
	dev := testdevice.Open(t, device.Options{Kernels: "generic"})
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 4, G.WithShape(2, 3, 4, 4), G.WithName("x"))
	y := G.Must(G.GlobalAveragePool2D(x))
	st := engine.NewState(dev)
	defer st.Close()
	_, err := engine.Compile(dev, st, engine.Spec{Graph: g, Inputs: []*G.Node{x}, Outputs: []*G.Node{y}})
	if err == nil || !strings.Contains(err.Error(), "op.AdaptiveAvgPool2D") {
		t.Errorf("error %v, want one that names the operator to use", err)
	}
}
