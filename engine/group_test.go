package engine_test

import (
	"fmt"
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

// TestGroupsHaveTheBitsOfTheirSteps compares updates in groups, of SGD and of AdamW with an
// average that reads its new weights, with those of a device that refuses groups.
func TestGroupsHaveTheBitsOfTheirSteps(t *testing.T) {
	adam := func(t testing.TB) *network {
		n, _ := newAdamNetwork(t, tensor.Float32)
		return n
	}
	sgd := func(t testing.TB) *network { return newNetwork(t, tensor.Float32, false) }
	for name, build := range map[string]func(testing.TB) *network{"sgd": sgd, "adam": adam} {
		for _, kernels := range []string{"", "generic"} {
			t.Run(name+" "+kernels, func(t *testing.T) {
				dev := testdevice.Open(t, device.Options{Kernels: kernels})
				without := refusing{dev, device.Group}
				n := build(t)
				grouped, single := n.explained(dev, nil), n.explained(without, nil)
				for _, kind := range []string{"SGD", "Lerp", "SquareLerp", "AdamWeight"} {
					updates := strings.Count(single, " "+kind+" ")
					if updates != strings.Count(grouped, " "+kind+" ")-strings.Count(grouped, "× "+kind+" ") {
						t.Errorf("the number of %s is not %d:\n%s", kind, updates, grouped)
					}
					if testdevice.Name() == "cpu" && updates > 0 && !strings.Contains(grouped, "× "+kind) {
						t.Errorf("no group of %s:\n%s", kind, grouped)
					}
				}
				if strings.Contains(single, "×") {
					t.Errorf("a group on a device that refuses them:\n%s", single)
				}
				_, want := build(t).run(without, 3, nil)
				_, got := build(t).run(dev, 3, func(s *engine.Spec) { s.Poison = true })
				for name := range want {
					near(t, name, got[name], want[name], 0)
				}
			})
		}
	}
}

// greedy is a device that takes groups of any size, and updates no weight within a product.
type greedy struct{ device.Device }

func (d greedy) Supports(s *device.Step) bool {
	if g, ok := s.Attr.(device.GroupAttr); ok {
		for _, part := range g.Steps {
			if !d.Supports(part) {
				return false
			}
		}
		return true
	}
	return s.Kind != device.LinearUpdate && d.Device.Supports(s)
}

// TestGroupsDoNotGrowTheArena updates layers of weights that are larger or smaller than
// what the batch takes anyway.
func TestGroupsDoNotGrowTheArena(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	const layers, width = 6, 256
	for _, batch := range []int{2, 4096} {
		g := G.NewGraph()
		spec := engine.Spec{Graph: g, Slots: map[*G.Node]string{}, Poison: true}
		state := engine.NewState(dev)
		defer state.Close()
		leaf := func(name string, shape ...int) *G.Node {
			return optest.Random(name, uint64(len(name)), shape...).Node(g, tensor.Float32)
		}
		x, lr := leaf("x", batch, width), leaf("lr")
		labels := G.NewVector(g, tensor.Int64, G.WithShape(batch), G.WithName("labels"))
		spec.Inputs = []*G.Node{x, lr, labels}
		h := x
		var weights G.Nodes
		for i := range layers {
			w := leaf(fmt.Sprint("w", i), width, width)
			weights = append(weights, w)
			spec.Slots[w] = w.Name()
			if err := state.Add(w.Name(), w.Shape(), device.Float32, nil); err != nil {
				t.Fatal(err)
			}
			h = G.Must(op.ReLU("", G.Must(op.Linear(w.Name(), h, w))))
		}
		grads, err := G.Grad(G.Must(op.SoftmaxCrossEntropy("loss", h, labels, 0)), weights...)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range weights {
			next := G.Must(op.SGDWeight(w.Name(), w, grads[i], lr, nil, op.SGDOptions{}))
			spec.Assign = append(spec.Assign, engine.Assignment{Slot: w.Name(), Value: next})
		}
		compile := func(dev device.Device) *engine.Program {
			p, err := engine.Compile(dev, state, spec)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Close() })
			return p
		}
		grouped, single := compile(greedy{dev}), compile(refusing{greedy{dev}, device.Group})
		most, before := grouped.Memory().Arena, single.Memory().Arena
		if most > before+max(before/50, 64<<10) {
			t.Errorf("batch %d: groups take the arena from %d to %d bytes", batch, before, most)
		}
		if all, there := strings.Contains(grouped.Explain(), fmt.Sprint(layers, " × ")), batch > layers*width; all != there {
			t.Errorf("batch %d: all %d updates in one group: %v, want %v\n%s", batch, layers, all, there, grouped.Explain())
		}
	}
}
