package engine_test

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/op"
)

// roleNames are what an operand of a graph may be: something outside it, or made by an
// operator of Euryale's, of Gorgonia's, or by one that makes parameters.
var roleNames = []string{"slot", "input", "constant", "activation", "foreign", "parameter"}

// in is a value of a role.
func (m *mix) in(role, name string, seed uint64, shape ...int) *G.Node {
	m.t.Helper()
	var x, y *G.Node
	switch role {
	case "activation":
		x = m.leaf("input", name, seed, shape...)
		y = m.must(op.ReLU(name, x))
	case "foreign":
		x = m.leaf("input", name, seed, shape...)
		y = m.must(G.Square(x))
	case "parameter":
		x = m.leaf("slot", name, seed, shape...)
		y = m.must(op.Scale(name, x, m.leaf("input", "factor of "+name, 70)))
	default:
		return m.leaf(role, name, seed, shape...)
	}
	m.base[y] = x
	return y
}

func (m *mix) must(n *G.Node, err error) *G.Node {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

// TestOperandsInEveryRole gives each operator's operands every role: weights that are
// computed or constant, images that are trained, statistics and residuals from anywhere.
func TestOperandsInEveryRole(t *testing.T) {
	for _, size := range [][2]int{{3, 5}, {20, 18}} { // channels in, out: row-major inputs, blocks that are not full
		for _, role := range roleNames {
			t.Run(fmt.Sprint(size, " ", role), func(t *testing.T) {
				c, o := size[0], size[1]
				compare(t, func(m *mix) {
					other := m.leaf("input", "other", 60, 2, c, 6, 5)
					act := m.must(op.ReLU("act", other))
					m.base[act] = other
					for i, kernel := range []int{1, 3} { // the role for the maps, then for the weights
						x, w := m.in(role, fmt.Sprint("x", i), 1, 2, c, 6, 5), m.leaf("slot", fmt.Sprint("w", i), 2, o, c, kernel, kernel)
						m.conv(fmt.Sprint("maps ", kernel), x, w)
						x, w = m.leaf("slot", fmt.Sprint("x'", i), 1, 2, c, 6, 5), m.in(role, fmt.Sprint("w'", i), 2, o, c, kernel, kernel)
						m.conv(fmt.Sprint("weights ", kernel), x, w)
						m.conv(fmt.Sprint("weights of an input ", kernel), other, w)
					}
					m.normalize(role, act, c)
					m.pools(m.in(role, "pooled", 30, 2, c, 6, 5))
					m.linear(role)
				})
			})
		}
	}
}

func (m *mix) conv(name string, x, w *G.Node) {
	m.t.Helper()
	y, err := op.Conv2D(name, x, w, op.Conv2DOptions{Stride: [2]int{2, 1}, Padding: [2]int{1, 1}})
	m.want(name, y, err)
	y = m.must(op.ReLU(name, m.must(op.BiasAdd(name, y, m.leaf("slot", "bias of "+name, 9, w.Shape()[0])))))
	m.gradient(name, m.want(name+" with bias", y, nil), x, w)
}

func (m *mix) normalize(role string, act *G.Node, c int) {
	m.t.Helper()
	x := m.in(role, "normalized", 10, 2, c, 6, 5)
	gamma, beta := m.in(role, "gamma", 11, c), m.in(role, "beta", 12, c)
	stats := m.must(op.BatchNormStats("bn", x))
	mean, err := op.RunningMean("bn", m.in(role, "mean", 13, c), stats, 0.1)
	m.want("running mean", mean, err)
	y := m.want("bn", m.must(op.BatchNormApply("bn", x, stats, gamma, beta, 1e-5, true)), nil)
	sum := m.want("bn and residual", m.must(op.ReLU("bn", m.must(op.Add("bn", y, m.in(role, "residual", 14, 2, c, 6, 5))))), nil)
	m.gradient("bn", sum, x, gamma, beta)
	packed := m.must(op.BatchNormPack("eval", m.in(role, "running mean", 15, c), m.in(role, "running variance", 16, c)))
	y = m.want("bn in evaluation", m.must(op.BatchNormApply("eval", act, packed, gamma, beta, 1e-5, false)), nil)
	m.gradient("bn in evaluation", m.must(op.ReLU("eval", y)), act)
}

func (m *mix) pools(x *G.Node) {
	m.t.Helper()
	o := op.PoolOptions{Kernel: [2]int{3, 2}, Stride: [2]int{2, 2}, Padding: [2]int{1, 0}}
	m.gradient("max pool", m.want("max pool", m.must(op.MaxPool2D("max", x, o)), nil), x)
	m.gradient("average pool", m.want("average pool", m.must(op.AvgPool2D("average", x, o)), nil), x)
	m.gradient("adaptive pool", m.want("adaptive pool", m.must(op.AdaptiveAvgPool2D("adaptive", x, 2, 1)), nil), x)
	m.gradient("flat", m.want("flat", m.must(op.Flatten("flat", x)), nil), x)
	shape := x.Shape()
	turned := m.want("reshaped", m.must(op.Reshape("turned", x, tensor.Shape{shape[1], shape[0], shape[3], shape[2]})), nil)
	m.gradient("reshaped", m.must(op.ReLU("turned", turned)), x)
	rng := optest.Ints("rng "+x.Name(), 3, 4)
	n := rng.Node(m.g, m.dt)
	m.spec.Inputs = append(m.spec.Inputs, n)
	m.inputs[n] = rng
	m.gradient("dropout", m.want("dropout", m.must(op.Dropout("drop", x, n, 0.5)), nil), x)
}

func (m *mix) linear(role string) {
	m.t.Helper()
	x, w, b := m.in(role, "rows", 20, 3, 18), m.in(role, "matrix", 21, 7, 18), m.in(role, "vector", 22, 7)
	y := m.want("linear", m.must(op.BiasAdd("fc", m.must(op.Linear("fc", x, w)), b)), nil)
	m.gradient("linear", m.must(op.ReLU("fc", y)), x, w, b)
	target := m.in(role, "target", 23, 3, 7)
	m.gradient("loss", m.want("loss", m.must(op.SoftmaxCrossEntropy("loss", y, target, 0.1)), nil), w)
	m.want("softmax", m.must(op.Softmax("softmax", y)), nil)
	m.want("class", m.must(op.ArgMax("class", y)), nil)
	z := m.in(role, "softmaxed", 24, 3, 7) // last: Gorgonia takes no further gradients in a graph with this one's
	m.gradient("foreign softmax", m.want("foreign softmax", m.must(G.SoftMax(z)), nil), z)
}

// TestForeignMoves lets Gorgonia's operators turn, cut and join weights and maps, with
// convolutions of the results and gradients through them.
func TestForeignMoves(t *testing.T) {
	for _, role := range roleNames {
		t.Run(role, func(t *testing.T) {
			compare(t, func(m *mix) {
				w := m.in(role, "w", 1, 18, 20, 3, 3)
				x := m.leaf("input", "x", 2, 2, 18, 5, 4)
				y := m.must(op.ReLU("y", x))
				m.base[y] = x
				turned := m.want("transposed", m.must(G.Transpose(w, 1, 0, 2, 3)), nil)
				m.base[turned] = w
				m.conv("transposed", y, turned)
				cut := m.want("cut", m.must(G.Slice(w, G.S(2, 9))), nil)
				m.want("a convolution of the cut", m.must(op.Conv2D("cut", m.leaf("input", "z", 3, 1, 20, 4, 4), cut, op.Conv2DOptions{})), nil)
				m.want("joined", m.must(G.Concat(1, w, w)), nil)
				flat := m.want("flat", m.must(G.Reshape(w, tensor.Shape{18, 180})), nil)
				rows := m.must(op.Flatten("rows", m.leaf("input", "rows", 4, 2, 20, 3, 3)))
				m.gradient("linear with a convolution's weights", m.want("linear", m.must(op.Linear("fc", rows, flat)), nil), w)
				back := m.must(op.Reshape("back", m.must(op.Reshape("flat", w, tensor.Shape{18 * 20, 9})), tensor.Shape{18, 20, 3, 3}))
				m.gradient("squared", m.want("squared", m.must(G.Square(back)), nil), w)
				m.want("matrix", m.must(G.Mul(flat, m.must(G.Transpose(flat, 1, 0)))), nil)
				gate := m.must(op.Reshape("gate", m.must(G.Sigmoid(m.must(op.Flatten("gate", m.must(op.AdaptiveAvgPool2D("gate", y, 1, 1)))))), tensor.Shape{2, 18, 1, 1}))
				m.gradient("gated", m.want("gated", m.must(G.BroadcastHadamardProd(y, gate, nil, []byte{2, 3})), nil), y)
			})
		})
	}
}

// TestGradientsOfAWeightUsedTwice sums gradients that come in both forms, with and without
// accumulation: a convolution's weight used as it is, squared, and turned; maps that go two ways.
func TestGradientsOfAWeightUsedTwice(t *testing.T) {
	for _, c := range []int{3, 20} {
		for _, role := range []string{"slot", "input", "activation", "parameter"} {
			t.Run(fmt.Sprint(c, " ", role), func(t *testing.T) {
				compare(t, func(m *mix) {
					x, w := m.in(role, "x", 1, 2, c, 5, 4), m.in(role, "w", 2, c, c, 3, 3)
					conv := func(name string, x, w *G.Node) *G.Node {
						return m.must(op.Conv2D(name, x, w, op.Conv2DOptions{Padding: [2]int{1, 1}}))
					}
					y := conv("plain", x, w)
					y = m.must(op.Add("a", y, conv("squared", m.must(op.ReLU("r", y)), m.must(G.Square(w)))))
					y = m.must(op.Add("b", y, conv("turned", m.must(G.Sigmoid(x)), m.must(G.Transpose(w, 1, 0, 2, 3)))))
					y = m.must(G.Add(y, m.must(G.HadamardProd(x, y))))
					m.gradient("y", m.want("y", y, nil), x, w)
				})
			})
		}
	}
}

// TestUnfittingUpdatesStayApart builds SGD out of a velocity and a weight that disagree:
// fused they would be another update.
func TestUnfittingUpdatesStayApart(t *testing.T) {
	compare(t, func(m *mix) {
		w, v, g, h := m.leaf("slot", "w", 1, 18, 3, 3, 3), m.leaf("slot", "v", 2, 18, 3, 3, 3), m.leaf("slot", "g", 3, 18, 3, 3, 3), m.leaf("slot", "h", 4, 18, 3, 3, 3)
		lr := m.leaf("input", "lr", 5)
		decay := op.SGDOptions{Momentum: 0.9, WeightDecay: 0.5}
		nesterov := op.SGDOptions{Momentum: 0.9, WeightDecay: 0.5, Nesterov: true}
		m.want("without decay", m.must(op.SGDWeight("a", w, m.must(op.SGDVelocity("a", v, g, w, decay)), lr, nil, op.SGDOptions{Momentum: 0.9})), nil)
		m.want("another gradient", m.must(op.SGDWeight("b", w, m.must(op.SGDVelocity("b", v, g, w, nesterov)), lr, h, nesterov)), nil)
		x, dy := m.leaf("input", "x", 6, 2, 20), m.leaf("input", "dy", 7, 2, 5)
		matrix, other := m.leaf("slot", "matrix", 8, 5, 20), m.leaf("slot", "other", 9, 5, 20)
		y := m.must(op.Linear("fc", x, matrix))
		cost := m.must(op.SoftmaxCrossEntropy("loss", m.must(op.Add("sum", y, dy)), m.leaf("input", "target", 10, 2, 5), 0))
		grads, err := G.Grad(cost, matrix)
		if err != nil {
			m.t.Fatal(err)
		}
		next := m.must(op.SGDVelocity("c", grads[0], other, matrix, decay)) // the gradient as the velocity
		m.want("a gradient as velocity", m.must(op.SGDWeight("c", matrix, next, lr, nil, decay)), nil)
	})
}

// TestViewsAreReadInOrder gives constants and inputs values whose memory has another order.
func TestViewsAreReadInOrder(t *testing.T) {
	base := func() *tensor.Dense {
		return tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	}
	turned := base()
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	cut, err := base().Slice(nil, G.S(1))
	if err != nil {
		t.Fatal(err)
	}
	columns := tensor.New(tensor.WithShape(3, 2), tensor.AsFortran([]float32{1, 2, 3, 4, 5, 6}))
	for _, c := range []struct {
		name  string
		value G.Value
		want  string
	}{
		{"transposed", turned, "[1 4 2 5 3 6]"}, {"a column", cut.(*tensor.Dense), "[2 5]"}, {"column-major", columns, "[1 2 3 4 5 6]"}, {"plain", base(), "[1 2 3 4 5 6]"},
	} {
		if got, dt, err := engine.HostData(c.value); err != nil || dt != device.Float32 || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v %v, want %s", c.name, got, err, c.want)
		}
	}
	dev := testdevice.Open(t, device.Options{Threads: 1})
	st := engine.NewState(dev)
	defer st.Close()
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float32, G.WithShape(3, 2), G.WithName("x"), G.WithValue(turned))
	y := G.Must(op.ReLU("y", x))
	p, err := engine.Compile(dev, st, engine.Spec{Graph: g, Inputs: []*G.Node{x}, Outputs: []*G.Node{y}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.RunAll(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(y.Value().Data()); got != "[1 4 2 5 3 6]" {
		t.Errorf("RunAll with a transposed input: %s", got)
	}
}
