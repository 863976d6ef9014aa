package engine_test

import (
	"errors"
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

// affine is a program of y = k·relu(x) + x, which adds k to a slot "sum".
type affine struct {
	*engine.Program
	t       *testing.T
	st      *engine.State
	x, k, y *G.Node
	n       int
}

func newAffine(t *testing.T, dev device.Device, st *engine.State, name string, n int) *affine {
	t.Helper()
	return newAffineOf(t, dev, st, name, n, func(*engine.Spec) {})
}

// newAffineOf is newAffine with a Spec that is changed.
func newAffineOf(t *testing.T, dev device.Device, st *engine.State, name string, n int, change func(*engine.Spec)) *affine {
	t.Helper()
	if !st.Has("sum") {
		if err := st.Add("sum", nil, device.Float32, nil); err != nil {
			t.Fatal(err)
		}
	}
	g := G.NewGraph()
	a := &affine{t: t, st: st, n: n, x: G.NewMatrix(g, tensor.Float32, G.WithShape(n, 16), G.WithName("x")), k: G.NewScalar(g, tensor.Float32, G.WithName("k"))}
	sum := G.NewScalar(g, tensor.Float32, G.WithName("sum"))
	a.y = G.Must(op.Add("add", G.Must(op.Scale("scale", G.Must(op.ReLU("relu", a.x)), a.k)), a.x))
	spec := engine.Spec{
		Name: name, Graph: g, Inputs: []*G.Node{a.x, a.k}, Outputs: []*G.Node{a.y, a.x},
		Slots: map[*G.Node]string{sum: "sum"}, Assign: []engine.Assignment{{Slot: "sum", Value: G.Must(op.Add("sum", sum, a.k))}},
	}
	change(&spec)
	var err error
	a.Program, err = engine.Compile(dev, st, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// bind gives x and k values; the slice is spoiled afterwards.
func (a *affine) bind(x float32, k float64) {
	a.t.Helper()
	host := slices.Repeat([]float32{x}, a.n*16)
	if err := errors.Join(a.Bind(a.x, host), a.Bind(a.k, k)); err != nil {
		a.t.Fatal(err)
	}
	for i := range host {
		host[i] = -1e30
	}
}

// expect reads the results of a run with x and k.
func (a *affine) expect(when string, x, k float32) {
	a.t.Helper()
	for node, want := range map[*G.Node]float32{a.y: k*x + x, a.x: x} {
		got := make([]float32, a.n*16)
		if err := a.Read(node, got); err != nil {
			a.t.Fatalf("%s: %v", when, err)
		}
		if i := slices.IndexFunc(got, func(v float32) bool { return v != want }); i >= 0 {
			a.t.Fatalf("%s: %v[%d] is %v, want %v", when, node, i, got[i], want)
		}
	}
}

func (a *affine) start() {
	a.t.Helper()
	if err := a.Start(); err != nil {
		a.t.Fatal(err)
	}
}

// TestBindWhileARunIsPending: a run has the values of its Start.
func TestBindWhileARunIsPending(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	st := engine.NewState(dev)
	defer st.Close()
	for _, n := range []int{1, 4000} {
		a := newAffine(t, dev, st, "affine", n)
		a.bind(1, 2)
		for i := range 20 {
			a.start()
			a.bind(float32(i+2), float64(i))
			if err := a.Bind(a.k, float64(i+3)); err != nil { // twice
				t.Fatal(err)
			}
			if err := a.Wait(); err != nil {
				t.Fatal(err)
			}
			a.expect("after Wait", float32(i+1), float32(i+2))
		}
		a.start()
		if err := a.Bind(a.x, slices.Repeat([]float32{7}, n*16)); err != nil {
			t.Fatal(err)
		}
		a.expect("Read waits", 21, 22)
		a.start()
		a.expect("one input bound, the other kept", 7, 22)
	}
}

// TestOutputsOutliveOtherPrograms reads outputs after other programs ran in the State's
// shared memory, after a larger one was compiled, and after the leaves changed.
func TestOutputsOutliveOtherPrograms(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	st := engine.NewState(dev)
	defer st.Close()
	first := newAffine(t, dev, st, "first", 100)
	if err := first.Read(first.y, make([]float32, 1600)); !errors.Is(err, engine.ErrRun) {
		t.Errorf("reading before a run: %v, want ErrRun", err)
	}
	if text := first.Explain(); !strings.Contains(text, "output+0") || !strings.Contains(text, "output+6400") {
		t.Errorf("an output is listed in the arena:\n%s", text)
	}
	first.bind(1, 2)
	first.start()
	second := newAffine(t, dev, st, "second", 5000) // while the first one's run is pending
	second.bind(3, 4)
	second.start() // waits for the first
	first.expect("another has started", 1, 2)
	second.expect("its own", 3, 4)
	if err := st.Write("sum", []float32{5}); err != nil {
		t.Fatal(err)
	}
	first.bind(8, 9)
	first.expect("after another Bind", 1, 2)
	second.expect("again", 3, 4)
	clone, err := st.Clone()
	if err != nil {
		t.Fatal(err)
	}
	defer clone.Close()
	other := newAffine(t, dev, clone, "other", 300)
	first.start()
	other.bind(2, 2)
	other.start() // another State of the device
	first.expect("another State's program has started", 8, 9)
	other.expect("its own", 2, 2)
	sum := make([]float32, 1)
	if err := st.Read("sum", sum); err != nil || sum[0] != 5+9 {
		t.Errorf("the slot is %v (%v), want 14", sum[0], err)
	}
}

// TestClosingWhileARunIsPending closes what a pending run works with, in every order.
func TestClosingWhileARunIsPending(t *testing.T) {
	for _, order := range [][]string{{"program", "state", "device"}, {"state", "program", "device"}, {"device", "program", "state"}} {
		dev, err := device.Open(testdevice.Name(), device.Options{})
		if err != nil {
			t.Fatal(err)
		}
		st := engine.NewState(dev)
		a := newAffine(t, dev, st, "affine", 4000)
		a.bind(1, 2)
		a.start()
		for _, what := range order {
			close := map[string]func() error{"program": a.Close, "state": st.Close, "device": dev.Close}[what]
			if err := errors.Join(close(), close()); err != nil {
				t.Errorf("%v: closing the %s: %v", order, what, err)
			}
		}
		if err := a.Start(); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("%v: Start after Close: %v", order, err)
		}
		if err := a.Wait(); err != nil {
			t.Errorf("%v: the run that was pending: %v", order, err)
		}
	}
}
