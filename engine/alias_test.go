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

// copying is a device without aliases.
type copying struct{ device.Device }

// TestRowsAreAliases counts the steps of a network whose gradients of γ and β are rows, and
// compares the bits with those of a device that copies them.
func TestRowsAreAliases(t *testing.T) {
	n := newNetwork(t, tensor.Float32, false)
	dev := testdevice.Open(t, device.Options{})
	explain := func(dev device.Device) string {
		st := n.state(dev)
		defer st.Close()
		p, err := engine.Compile(dev, st, n.spec("train"))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return p.Explain()
	}
	rows := func(s string) int { return strings.Count(s, " Row ") }
	with, without := explain(dev), explain(copying{dev})
	// Plain layouts have the first rows alone: the second ones begin at 24 or 80 bytes, no multiple of 64.
	inside, known := map[string]int{"generic": 4, "avx2": 8, "avx512": 8}[testdevice.Kernels(dev)]
	if known && (rows(with) != 8-inside || rows(without) != 8 || !strings.Contains(with, " results lie inside other tensors")) {
		t.Errorf("%d rows are copied with aliases and %d without, want %d and 8:\n%s", rows(with), rows(without), 8-inside, with)
	}
	_, want := newNetwork(t, tensor.Float32, false).run(copying{dev}, 3, nil)
	_, got := newNetwork(t, tensor.Float32, false).run(dev, 3, func(s *engine.Spec) { s.Poison = true })
	for name := range want {
		near(t, name, got[name], want[name], 0)
	}
}

// TestAliasesKeepTheirMemory reads aliases after their operand's last reader, beside
// steps that could write over it.
func TestAliasesKeepTheirMemory(t *testing.T) {
	for _, isa := range []string{"", "generic"} {
		dev := testdevice.Open(t, device.Options{Kernels: isa, Threads: 1})
		st := engine.NewState(dev)
		defer st.Close()
		if err := st.Add("a", []int{2, 16}, device.Float32, slices.Repeat([]float32{7}, 32)); err != nil {
			t.Fatal(err)
		}
		g := G.NewGraph()
		x := G.NewMatrix(g, tensor.Float32, G.WithShape(2, 16), G.WithName("x"))
		a := G.NewMatrix(g, tensor.Float32, G.WithShape(2, 16), G.WithName("a"))
		must := func(n *G.Node, err error) *G.Node {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		square := must(G.Add(x, x))                                   // 2x
		flat := must(op.Reshape("flat", square, tensor.Shape{1, 32})) // an alias of 2x
		again := must(op.Reshape("again", flat, tensor.Shape{2, 16})) // an alias of an alias
		clipped := must(op.ReLU("relu", square))                      // may not be made over 2x, which flat still needs
		both := must(op.ReLU("over", flat))                           // nor here: again still needs it
		kept := must(op.Reshape("kept", square, tensor.Shape{32}))    // an output: memory of its own
		gram := must(op.Linear("gram", again, again))                 // 2x · (2x)ᵀ, not over them
		leaf := must(op.Reshape("leaf", a, tensor.Shape{1, 32}))      // the slot's old value, after its update
		next := must(op.Lerp("lerp", a, must(op.ReLU("", a)), 0.5))   // 7
		spec := engine.Spec{
			Graph: g, Inputs: []*G.Node{x}, Slots: map[*G.Node]string{a: "a"}, Poison: true,
			Outputs: []*G.Node{clipped, both, kept, gram, must(op.ReLU("leaf", leaf))},
			Assign:  []engine.Assignment{{Slot: "a", Value: must(op.Scale("s", next, must(op.SumSquares("", x))))}},
		}
		p, err := engine.Compile(dev, st, spec)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		host, sum := make([]float32, 32), float32(0)
		for i := range host {
			host[i] = float32(i - 16)
			sum += host[i] * host[i]
		}
		if err := errors.Join(p.Bind(x, host), p.Run()); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, 32)
		check := func(what string, err error, want func(v float32) float32) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range host {
				if got[i] != want(v) {
					t.Fatalf("%s %s[%d] = %v, want %v", isa, what, i, got[i], want(v))
				}
			}
		}
		relu := func(v float32) float32 { return max(2*v, 0) }
		check("clipped", p.Read(clipped, got), relu)
		check("both", p.Read(both, got), relu)
		check("kept", p.Read(kept, got), func(v float32) float32 { return 2 * v })
		products := make([]float32, 4)
		if err := p.Read(gram, products); err != nil {
			t.Fatal(err)
		}
		for i, v := range products {
			want := float32(0)
			for k := range 16 {
				want += 4 * host[i/2*16+k] * host[i%2*16+k]
			}
			if v != want {
				t.Fatalf("%s gram[%d] = %v, want %v", isa, i, v, want)
			}
		}
		check("leaf", p.Read(spec.Outputs[4], got), func(float32) float32 { return 7 })
		check("a", st.Read("a", got), func(float32) float32 { return 7 * sum })
	}
}
