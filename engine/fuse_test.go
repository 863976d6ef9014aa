package engine_test

import (
	"errors"
	"math"
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

// refusing is a device that lacks a kind.
type refusing struct {
	device.Device
	kind device.Kind
}

func (d refusing) Supports(s *device.Step) bool { return s.Kind != d.kind && d.Device.Supports(s) }

// explained is what Explain says of the network's program on a device.
func (n *network) explained(dev device.Device, change func(*engine.Spec)) string {
	n.t.Helper()
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
	return p.Explain()
}

// TestFusedStepsHaveTheBitsOfTheirParts compares steps with those of a device that refuses
// a fused kind, which is made of the same arithmetic.
func TestFusedStepsHaveTheBitsOfTheirParts(t *testing.T) {
	for _, c := range []struct {
		kind  device.Kind
		steps int
		parts string // a kind that the fused one replaces
	}{
		{device.BatchNormUpdate, 4, "RunningStat"},
		{device.ClassificationLoss, 1, "SoftmaxCrossEntropyGrad"},
	} {
		for _, kernels := range []string{"", "generic"} {
			t.Run(c.kind.String()+" "+kernels, func(t *testing.T) {
				dev := testdevice.Open(t, device.Options{Kernels: kernels})
				if testdevice.Name() != "cpu" {
					t.Skip("another device may sum in another order")
				}
				without := refusing{dev, c.kind}
				n := newNetwork(t, tensor.Float32, false)
				with := n.explained(dev, nil)
				if got := strings.Count(with, " "+c.kind.String()+" "); got != c.steps || strings.Contains(with, " "+c.parts+" ") {
					t.Errorf("%d × %v, want %d and no %s:\n%s", got, c.kind, c.steps, c.parts, with)
				}
				if parts := n.explained(without, nil); strings.Contains(parts, c.kind.String()) || !strings.Contains(parts, c.parts) {
					t.Errorf("refused, but fused:\n%s", parts)
				}
				wantLoss, want := newNetwork(t, tensor.Float32, false).run(without, 3, nil)
				loss, got := newNetwork(t, tensor.Float32, false).run(dev, 3, func(s *engine.Spec) { s.Poison = true })
				near(t, "loss", loss, wantLoss, 0)
				for name := range want {
					near(t, name, got[name], want[name], 0)
				}
			})
		}
	}
}

// TestOldRunningStatisticsAreRead keeps the running mean of before a step, as an output and
// in another slot, beside the step that moves it.
func TestOldRunningStatisticsAreRead(t *testing.T) {
	dev := testdevice.Open(t, device.Options{})
	n := newNetwork(t, tensor.Float32, false)
	var mean *G.Node
	for node, name := range n.slots {
		if name == "bn1.running_mean" {
			mean = node
		}
	}
	before := n.slot(optest.Affine("before", 0, 0, 7, 6))
	n.set(before, n.must(op.Scale("twice", mean, n.lr)))
	keep := func(s *engine.Spec) { s.Outputs = append(s.Outputs, mean) }
	if text := n.explained(dev, keep); strings.Count(text, " BatchNormUpdate ") != 3 || strings.Count(text, " RunningStat ") != 2 {
		t.Errorf("a running mean that has other readers is moved with the batch's statistics:\n%s", text)
	}
	_, want := n.tape(2)
	fresh := newNetwork(t, tensor.Float32, false)
	for node, name := range fresh.slots {
		if name == "bn1.running_mean" {
			mean = node
		}
	}
	before = fresh.slot(optest.Affine("before", 0, 0, 7, 6))
	fresh.set(before, fresh.must(op.Scale("twice", mean, fresh.lr)))
	_, got := fresh.run(dev, 2, func(s *engine.Spec) { s.Outputs = append(s.Outputs, mean) })
	for name := range want {
		near(t, name, got[name], want[name], 2e-4)
	}
	if slices.Max(got["before"]) == 0 {
		t.Error("the old mean is zero: the test shows nothing")
	}
}

// classifier is a linear classifier with its loss and predicted classes.
type classifier struct {
	g                                   *G.ExprGraph
	x, labels, w, logits, loss, classes *G.Node
}

func newClassifier() *classifier {
	c := &classifier{g: G.NewGraph()}
	c.x = optest.Random("x", 1, 4, 20).Node(c.g, tensor.Float32)
	c.labels = optest.Ints("labels", 0, 2, 1, 2).Node(c.g, tensor.Float32)
	c.w = optest.Random("w", 2, 3, 20).Node(c.g, tensor.Float32)
	c.logits = G.Must(op.Linear("fc", c.x, c.w))
	c.loss = G.Must(op.SoftmaxCrossEntropy("loss", c.logits, c.labels, 0.1))
	c.classes = G.Must(op.ArgMax("class", c.logits))
	return c
}

// compile makes a program of the classifier's loss, classes and a gradient.
func (c *classifier) compile(t *testing.T, gradient *G.Node, more ...*G.Node) *engine.Program {
	t.Helper()
	dev := testdevice.Open(t, device.Options{})
	st := engine.NewState(dev)
	t.Cleanup(func() { st.Close() })
	if err := st.Add("w", []int{3, 20}, device.Float32, c.w.Value().Data()); err != nil {
		t.Fatal(err)
	}
	p, err := engine.Compile(dev, st, engine.Spec{
		Graph: c.g, Inputs: []*G.Node{c.x, c.labels}, Slots: map[*G.Node]string{c.w: "w"}, Poison: true,
		Outputs: append([]*G.Node{c.loss, c.classes, gradient}, more...),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := errors.Join(p.Bind(c.x, c.x.Value().Data()), p.Bind(c.labels, c.labels.Value().Data()), p.Run()); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestALossThatItsGradientReads is a loss whose gradient is scaled by the loss itself: no
// single step can make both.
func TestALossThatItsGradientReads(t *testing.T) {
	build := func() (*classifier, *G.Node) {
		c := newClassifier()
		grads, err := G.Grad(G.Must(op.Scale("l·l", c.loss, c.loss)), c.w)
		if err != nil {
			t.Fatal(err)
		}
		return c, grads[0]
	}
	want, wantGradient := build()
	machine := G.NewTapeMachine(want.g)
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	c, gradient := build()
	p := c.compile(t, gradient)
	if text := p.Explain(); strings.Contains(text, "ClassificationLoss") {
		t.Errorf("fused:\n%s", text)
	}
	got := make([]float32, 60)
	if err := p.Read(gradient, got); err != nil {
		t.Fatal(err)
	}
	for i, w := range optest.Floats(wantGradient.Value()) {
		if !(math.Abs(float64(got[i])-w) < 1e-5) {
			t.Fatalf("gradient[%d] = %v, want %v", i, got[i], w)
		}
	}
}

// TestLabelsOutsideTheClasses makes the loss and one row of the gradient NaN, not the
// predicted classes.
func TestLabelsOutsideTheClasses(t *testing.T) {
	c := newClassifier()
	if _, err := G.Grad(c.loss, c.w); err != nil {
		t.Fatal(err)
	}
	dlogits := c.logits.Deriv()
	p := c.compile(t, dlogits, c.logits)
	if text := p.Explain(); !strings.Contains(text, "ClassificationLoss") {
		t.Errorf("not fused:\n%s", text)
	}
	loss, gradient, logits, classes := make([]float32, 1), make([]float32, 12), make([]float32, 12), make([]int64, 4)
	if err := errors.Join(p.Bind(c.labels, []int64{0, 3, 1, 2}), p.Run(), p.Read(c.loss, loss), p.Read(dlogits, gradient), p.Read(c.classes, classes), p.Read(c.logits, logits)); err != nil {
		t.Fatal(err)
	}
	nan := func(v float32) bool { return v != v }
	if !nan(loss[0]) || !nan(gradient[3]) || !nan(gradient[5]) || nan(gradient[2]) || nan(gradient[6]) {
		t.Errorf("loss %v, gradient %v; want NaN for the loss and row 1", loss, gradient)
	}
	for i, class := range classes {
		if row := logits[i*3 : i*3+3]; row[class] != slices.Max(row) {
			t.Errorf("class %d of %v", class, row)
		}
	}
}
