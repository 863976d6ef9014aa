package engine_test

import (
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

// TestActivationsTrainAsTapeMachine compares training steps with every activation, fused
// and not, with Gorgonia's machine.
func TestActivationsTrainAsTapeMachine(t *testing.T) {
	for act := range device.Acts() {
		for _, c := range []struct {
			name      string
			dt        tensor.Dtype
			device    device.Options
			change    func(*engine.Spec)
			tolerance float64
		}{
			{"float64 unfused", tensor.Float64, device.Options{Kernels: "generic"}, func(s *engine.Spec) { s.NoFuse = true }, 0},
			{"float64 fused", tensor.Float64, device.Options{Kernels: "generic"}, nil, 1e-12},
			{"fast", tensor.Float32, device.Options{}, func(s *engine.Spec) { s.Poison = true }, 2e-4},
			{"fast unfused", tensor.Float32, device.Options{}, func(s *engine.Spec) { s.NoFuse = true }, 2e-4},
		} {
			t.Run(act.String()+" "+c.name, func(t *testing.T) {
				wantLoss, wantState := networkOf(t, c.dt, false, act).tape(3)
				loss, state := networkOf(t, c.dt, false, act).run(testdevice.Open(t, c.device), 3, c.change)
				near(t, "loss", loss, wantLoss, c.tolerance)
				for name := range wantState {
					near(t, name, state[name], wantState[name], c.tolerance)
				}
			})
		}
	}
}

// activated are convolution with bias, batch normalisation with and without residual, sum,
// and linear layer, each with the activation behind it.
type activated struct {
	*network
	result *G.Node
}

func newActivated(t *testing.T, act device.Act, training bool) *activated {
	n := &network{t: t, g: G.NewGraph(), dt: tensor.Float32, values: map[*G.Node]optest.Input{}, slots: map[*G.Node]string{}}
	n.x = n.leaf(optest.Random("x", 1, 3, 5, 6, 7))
	then := func(name string, x *G.Node) *G.Node { return n.must(op.Activate(name, x, act)) }
	conv := func(name string, x *G.Node, seed uint64) *G.Node {
		w := n.param(name+".weight", seed, 0.4, 0, 5, x.Shape()[1], 3, 3)
		return n.must(op.Conv2D(name, x, w, op.Conv2DOptions{Padding: [2]int{1, 1}}))
	}
	normalize := func(name string, x *G.Node, seed uint64) *G.Node {
		if training {
			return n.batchNorm(x, name, seed)
		}
		c := x.Shape()[1]
		stats := n.must(op.BatchNormPack(name, n.slot(optest.Affine(name+".mean", seed, 1, 0, c)), n.slot(optest.Affine(name+".variance", seed, 0.4, 0.5, c))))
		gamma, beta := n.param(name+".weight", seed, 0.5, 1, c), n.param(name+".bias", seed+1, 0.1, 0, c)
		return n.must(op.BatchNormApply(name, x, stats, gamma, beta, 1e-5, false))
	}
	a := then("act1", n.must(op.BiasAdd("conv1", conv("conv1", n.x, 2), n.param("conv1.bias", 3, 0.5, 0, 5))))
	b := then("act2", normalize("bn2", conv("conv2", a, 4), 5))
	c := then("act3", n.must(op.Add("add", normalize("bn3", conv("conv3", b, 7), 8), b)))
	d := then("act4", n.must(op.Add("sum", c, a)))
	rows := n.must(op.Flatten("flatten", d))
	fc := n.must(op.Linear("fc", rows, n.param("fc.weight", 10, 0.1, 0, 7, 210)))
	out := &activated{n, then("act5", n.must(op.BiasAdd("fc", fc, n.param("fc.bias", 11, 0.1, 0, 7))))}
	if training {
		loss, err := optest.Weigh(out.result, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n.grads, err = G.Grad(loss, n.params...); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// outputs are the result and the gradients.
func (a *activated) outputs() []*G.Node { return append([]*G.Node{a.result}, a.grads...) }

func (a *activated) onTape() (values [][]float64) {
	m := G.NewTapeMachine(a.g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		a.t.Fatal(err)
	}
	for _, n := range a.outputs() {
		values = append(values, optest.Floats(n.Value()))
	}
	return values
}

func (a *activated) onEngine(dev device.Device, noFuse bool) (values [][]float64, explained string) {
	st := a.state(dev)
	defer st.Close()
	p, err := engine.Compile(dev, st, engine.Spec{Graph: a.g, Inputs: []*G.Node{a.x}, Outputs: a.outputs(), Slots: a.slots, NoFuse: noFuse, Poison: true})
	if err != nil {
		a.t.Fatal(err)
	}
	defer p.Close()
	if err := p.Bind(a.x, host(a.x.Value())); err != nil {
		a.t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		a.t.Fatal(err)
	}
	for _, n := range a.outputs() {
		values = append(values, a.readFloats(func(h any) error { return p.Read(n, h) }, n.Shape().TotalSize()))
	}
	return values, p.Explain()
}

// TestActivationsFuse: fused, unfused and Gorgonia's numbers agree for every activation, and
// it is fused where nothing needs its operand.
func TestActivationsFuse(t *testing.T) {
	for act := range device.Acts() {
		name := act.String()
		evaluation := []string{"Conv2D+bias+" + name, "BatchNormApply+" + name, "BatchNormApply+residual+" + name, "Add+" + name, "Linear+bias+" + name}
		training := []string{"BatchNormApply+" + name, "BatchNormGradStats+" + name, "BatchNormGradInput+" + name}
		if act.GradOfOutput() {
			training = append(training, evaluation...)
		} else {
			training = append(training, "Conv2D+bias", "BatchNormApply+residual", "Activate "+name, "ActivateGrad "+name)
		}
		for _, c := range []struct {
			training bool
			want     []string
		}{{false, evaluation}, {true, training}} {
			t.Run(name+map[bool]string{false: " evaluation", true: " training"}[c.training], func(t *testing.T) {
				dev := testdevice.Open(t, device.Options{})
				want := newActivated(t, act, c.training).onTape()
				fused, explained := newActivated(t, act, c.training).onEngine(dev, false)
				unfused, _ := newActivated(t, act, c.training).onEngine(dev, true)
				for i := range want {
					near(t, "fused", fused[i], want[i], 1e-4)
					near(t, "unfused", unfused[i], want[i], 1e-4)
				}
				kinds := map[string]bool{}
				for line := range strings.Lines(explained) {
					if len(line) > 38 {
						kinds[strings.TrimSpace(line[6:38])] = true
					}
				}
				for _, k := range c.want {
					if !kinds[k] {
						t.Errorf("no step %s", k)
					}
				}
				if !c.training && kinds["Activate "+name] {
					t.Errorf("an activation stands alone in evaluation:\n%s", explained)
				}
			})
		}
	}
}
