package engine_test

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// newAdamNetwork is the network with AdamW instead of SGD, an average of each new weight,
// and the squares of the norms of each gradient and, last, of all of them.
func newAdamNetwork(t testing.TB, dt tensor.Dtype) (n *network, squares []*G.Node) {
	n = newNetwork(t, dt, false)
	own := map[string]bool{}
	for _, p := range n.params {
		own[n.slots[p]], own["optim/"+n.slots[p]] = true, true
	}
	n.assign = slices.DeleteFunc(n.assign, func(a engine.Assignment) bool { return own[a.Slot] })
	o := op.AdamOptions{Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.1}
	for i, p := range n.params {
		name, shape := n.slots[p], p.Shape()
		m, v := n.slot(optest.Affine("m/"+name, 0, 0, 0, shape...)), n.slot(optest.Affine("v/"+name, 0, 0, 0, shape...))
		average := n.slot(optest.Affine("ema/"+name, 90+uint64(i), 0.1, 0, shape...))
		nextM := n.must(op.Lerp(name, m, n.grads[i], 1-o.Beta1))
		nextV := n.must(op.SquareLerp(name, v, n.grads[i], 1-o.Beta2))
		step := n.lr // any scalar; a step of 0.1 only makes the corrections large
		w := n.must(op.AdamWeight(name, p, nextM, nextV, n.lr, step, o))
		n.set(m, nextM)
		n.set(v, nextV)
		n.set(p, w)
		n.set(average, n.must(op.Lerp(name, average, w, 0.2)))
		squares = append(squares, n.must(op.SumSquares(name, n.grads[i])))
	}
	squares = append(squares, n.must(op.SumSquares("all", n.grads...)))
	return n, squares
}

// TestAdamAsTapeMachine compares whole steps of AdamW, with averages of the new weights
// and norms of gradients that updates also read, with Gorgonia's machine.
func TestAdamAsTapeMachine(t *testing.T) {
	for _, c := range []struct {
		name      string
		dt        tensor.Dtype
		device    device.Options
		change    func(*engine.Spec)
		tolerance float64
	}{
		{"float64 unfused", tensor.Float64, device.Options{Kernels: "generic"}, func(s *engine.Spec) { s.NoFuse = true }, 0},
		{"float64 poisoned", tensor.Float64, device.Options{Kernels: "generic"}, func(s *engine.Spec) { s.Poison = true }, 1e-12},
		{"fast poisoned", tensor.Float32, device.Options{}, func(s *engine.Spec) { s.Poison = true }, 5e-4},
		{"three threads", tensor.Float32, device.Options{Threads: 3}, nil, 5e-4},
	} {
		t.Run(c.name, func(t *testing.T) {
			tape, _ := newAdamNetwork(t, c.dt)
			wantLoss, want := tape.tape(3)
			n, squares := newAdamNetwork(t, c.dt)
			dev := testdevice.Open(t, c.device)
			loss, got := n.run(dev, 3, c.change)
			near(t, "loss", loss, wantLoss, c.tolerance)
			for name := range want {
				near(t, name, got[name], want[name], c.tolerance)
			}
			// the norms of one step, kept as outputs
			first, firstSquares := newAdamNetwork(t, c.dt)
			first.tape(1)
			st := n.state(dev)
			defer st.Close()
			spec := n.spec("norms")
			spec.Outputs = squares
			p, err := engine.Compile(dev, st, spec)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			n.bind(p)
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			for i, s := range squares {
				sum := n.readFloats(func(h any) error { return p.Read(s, h) }, 1)
				near(t, "Σg²", sum, optest.Floats(firstSquares[i].Value()), c.tolerance)
			}
		})
	}
}
