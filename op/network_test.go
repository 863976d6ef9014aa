package op_test

import (
	"encoding/json"
	"os"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/op"
)

// network is the graph of one training step: what an engine takes over from here
// is run by NewTapeMachine, with the assignments made by hand.
type network struct {
	t      *testing.T
	g      graph
	dt     tensor.Dtype
	params []optest.Input
	leaf   map[string]node
	assign map[string]node // the next value of a leaf
	loss   node
	class  node
}

// must fails the test on the first error, so that forward reads like mathematics.
func (n *network) must(y node, err error) node {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
	return y
}

func (n *network) input(in optest.Input) node {
	n.leaf[in.Name] = in.Node(n.g, n.dt)
	return n.leaf[in.Name]
}

func (n *network) param(name string, seed uint64, scale, offset float64, shape ...int) node {
	in := optest.Affine(name, seed, scale, offset, shape...)
	n.params = append(n.params, in)
	return n.input(in)
}

func (n *network) batchNorm(x node, i string, seed uint64) node {
	count := x.Shape().TotalSize() / 4
	gamma, beta := n.param("gamma"+i, seed, 0.5, 1, 4), n.param("beta"+i, seed+1, 0.1, 0, 4)
	mean := n.input(optest.Affine("mean"+i, 0, 0, 0, 4))
	variance := n.input(optest.Affine("variance"+i, 0, 0, 1, 4))
	stats := n.must(op.BatchNormStats("bn"+i, x))
	n.assign["mean"+i] = n.must(op.RunningMean("bn"+i, mean, stats, 0.1))
	n.assign["variance"+i] = n.must(op.RunningVar("bn"+i, variance, stats, 0.1, count))
	return n.must(op.BatchNormApply("bn"+i, x, stats, gamma, beta, 1e-5, true))
}

func (n *network) forward() {
	x := n.input(optest.Random("x", 1, 4, 3, 8, 8))
	labels := n.input(optest.Ints("labels", 0, 2, 1, 2))
	h := n.must(op.Conv2D("conv1", x, n.param("conv1", 2, 0.3, 0, 4, 3, 3, 3),
		op.Conv2DOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}))
	h = n.must(op.ReLU("relu1", n.batchNorm(h, "1", 3)))
	h = n.must(op.MaxPool2D("pool", h, op.PoolOptions{Kernel: [2]int{2, 2}}))
	r := n.must(op.Conv2D("conv2", h, n.param("conv2", 5, 0.5, 0, 4, 4, 1, 1), op.Conv2DOptions{}))
	r = n.must(op.ReLU("relu2", n.must(op.Add("add", n.batchNorm(r, "2", 6), h))))
	r = n.must(op.Flatten("flatten", n.must(op.AdaptiveAvgPool2D("avgpool", r, 1, 1))))
	logits := n.must(op.Linear("fc", r, n.param("fc", 8, 0.5, 0, 3, 4)))
	logits = n.must(op.BiasAdd("fc", logits, n.param("bias", 9, 0.1, 0, 3)))
	n.class = n.must(op.ArgMax("class", logits))
	n.loss = n.must(op.SoftmaxCrossEntropy("loss", logits, labels, 0.1))
}

func (n *network) updates() {
	o := op.SGDOptions{Momentum: 0.9, WeightDecay: 5e-4, Nesterov: true}
	lr := n.input(optest.Input{Name: "lr", Float: []float64{0.1}})
	wrt := make(nodes, len(n.params))
	for i, p := range n.params {
		wrt[i] = n.leaf[p.Name]
	}
	grads, err := gorgonia.Grad(n.loss, wrt...)
	if err != nil {
		n.t.Fatal(err)
	}
	for i, p := range n.params {
		slot := optest.Affine("momentum of "+p.Name, 0, 0, 0, p.Shape...)
		v := n.must(op.SGDVelocity(p.Name, n.input(slot), grads[i], wrt[i], o))
		n.assign[slot.Name] = v
		n.assign[p.Name] = n.must(op.SGDWeight(p.Name, wrt[i], v, lr, grads[i], o))
	}
}

// TestNetworkTrainsAsPyTorch runs three whole training steps.
func TestNetworkTrainsAsPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/network.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []struct {
		Losses []float64
		State  map[string][]float64
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for dt, tolerance := range map[tensor.Dtype]float64{tensor.Float64: 1e-9, tensor.Float32: 1e-4} {
		n := &network{t: t, g: gorgonia.NewGraph(), dt: dt, leaf: map[string]node{}, assign: map[string]node{}}
		n.forward()
		n.updates()
		machine := gorgonia.NewTapeMachine(n.g)
		for _, loss := range want[0].Losses {
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
			near(t, "loss", optest.Floats(n.loss.Value()), []float64{loss}, tolerance)
			next := map[string]gorgonia.Value{}
			for name, value := range n.assign {
				next[name] = value.Value()
			}
			for name, value := range next {
				if err := gorgonia.Let(n.leaf[name], value); err != nil {
					t.Fatal(err)
				}
			}
			machine.Reset()
		}
		for name, state := range want[0].State {
			near(t, name, optest.Floats(n.leaf[name].Value()), state, tolerance)
		}
		if _, ok := n.class.Value().Data().([]int64); !ok {
			t.Errorf("predicted classes are %T, want []int64", n.class.Value().Data())
		}
		machine.Close()
	}
}
