package models_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/engine"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// run is a model's training by PyTorch; internal/gen/golden/models.py makes it.
type run struct {
	Size       int
	LR         float64
	Hidden     int
	Labels     []int64
	Evaluation []float64 // logits before training
	Training   []float64 // logits of the first step
	Losses     []float64
	State      map[string][]float64 // see some
	After      []float64            // logits after training, evaluation mode
}

func golden(t *testing.T, file string, to any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// goldenClasses is the number of outputs of the trained models.
const goldenClasses = 10

// goldenModel is a registered model without dropout, VGG with narrow hidden layers.
func goldenModel(t *testing.T, name string, hidden int) nn.Module {
	t.Helper()
	if strings.HasPrefix(name, "vgg") {
		return models.VGG16(models.VGGConfig{Classes: goldenClasses, BatchNorm: name == "vgg16_bn", Hidden: hidden})
	}
	m, err := models.New(name, models.Config{Classes: goldenClasses})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compared is a model's Step beside PyTorch's results.
type compared struct {
	t         *testing.T
	model     nn.Module
	session   *trainer.Session
	device    device.Device
	want      run
	dt        tensor.Dtype
	images    []float32
	tolerance float64
}

func (c *compared) near(what string, got, want []float64, tolerance float64) {
	c.t.Helper()
	if len(got) != len(want) {
		c.t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	top := 0.0
	for _, v := range want {
		top = math.Max(top, math.Abs(v))
	}
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= tolerance*top) {
			c.t.Errorf("%s[%d] is %.12g, PyTorch has %.12g", what, i, got[i], want[i])
			return
		}
	}
}

// host makes a slice of the network's type.
func (c *compared) host(v []float64) any {
	if c.dt == tensor.Float64 {
		return v
	}
	return narrow(v)
}

func narrow(v []float64) []float32 {
	n := make([]float32, len(v))
	for i, e := range v {
		n[i] = float32(e)
	}
	return n
}

func (c *compared) floats(n int, read func(host any) error) []float64 {
	c.t.Helper()
	host := c.host(make([]float64, n))
	if err := read(host); err != nil {
		c.t.Fatal(err)
	}
	if wide, ok := host.([]float64); ok {
		return wide
	}
	wide := make([]float64, n)
	for i, v := range host.([]float32) {
		wide[i] = float64(v)
	}
	return wide
}

// fill gives all parameters and buffers the values of their names.
func (c *compared) fill() {
	for _, name := range c.session.State().Names() {
		shape, _ := c.session.State().Shape(name)
		if err := c.session.State().Write(name, c.host(optest.Named(name, shape...))); err != nil {
			c.t.Fatal(err)
		}
	}
}

// trainingLogits runs the forward pass of a training step alone.
func (c *compared) trainingLogits() []float64 {
	n := len(c.want.Labels)
	g, err := nn.Trace(c.model, []int{n, 3, c.want.Size, c.want.Size}, nn.Options{Training: true, DType: c.dt})
	if err != nil {
		c.t.Fatal(err)
	}
	spec := engine.Spec{
		Name: "logits", Graph: g.G, Inputs: []*gorgonia.Node{g.Input}, Outputs: []*gorgonia.Node{g.Output},
		Slots: map[*gorgonia.Node]string{},
	}
	for _, p := range g.Params {
		spec.Slots[p.Node] = p.Name
	}
	for _, b := range g.Buffers {
		spec.Slots[b.Node] = b.Name
	}
	p, err := engine.Compile(c.device, c.session.State(), spec)
	if err != nil {
		c.t.Fatal(err)
	}
	defer p.Close()
	wide := make([]float64, len(c.images))
	for i, v := range c.images {
		wide[i] = float64(v)
	}
	if err := p.Bind(g.Input, c.host(wide)); err != nil {
		c.t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		c.t.Fatal(err)
	}
	return c.floats(n*goldenClasses, func(h any) error { return p.Read(g.Output, h) })
}

func (c *compared) evaluation() []float64 {
	c.t.Helper()
	r, err := c.session.Evaluate(c.images, nil, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	return r.Logits
}

// some is a tensor's sum, sum of squares, and five elements spread over it.
func some(v []float64) []float64 {
	var sum, squares float64
	for _, e := range v {
		sum, squares = sum+e, squares+e*e
	}
	s := []float64{sum, squares}
	for i := range 5 {
		s = append(s, v[i*(len(v)-1)/4])
	}
	return s
}

func (c *compared) compare(steps int) {
	c.fill()
	c.near("logits in evaluation", c.evaluation(), c.want.Evaluation, c.tolerance)
	c.near("logits in training", c.trainingLogits(), c.want.Training, c.tolerance)
	var losses []float64
	for range steps {
		r, err := c.session.Train(c.images, trainer.Labels(c.want.Labels), c.want.LR)
		if err != nil {
			c.t.Fatal(err)
		}
		losses = append(losses, r.Loss)
	}
	c.near("losses", losses, c.want.Losses[:steps], c.tolerance)
	if steps < len(c.want.Losses) {
		return
	}
	for name, want := range c.want.State {
		shape, ok := c.session.State().Shape(name)
		if !ok {
			c.t.Errorf("there is no %s", name)
			continue
		}
		n := tensor.Shape(shape).TotalSize()
		got := some(c.floats(n, func(h any) error { return c.session.State().Read(name, h) }))
		// A sum's terms cancel: it is as exact as the root of the terms' squares allows.
		size := math.Sqrt(want[1])
		c.near("sum of "+name, []float64{got[0], size}, []float64{want[0], size}, c.tolerance*math.Sqrt(float64(n)))
		c.near("squares of "+name, got[1:2], want[1:2], c.tolerance)
		c.near("elements of "+name, got[2:], want[2:], c.tolerance)
	}
	c.near("logits after training", c.evaluation(), c.want.After, c.tolerance)
}

// TestTrainsAsPyTorch compares every model, in both modes and over some steps of SGD
// with momentum and weight decay, with PyTorch: float64 closely, float32 loosely.
func TestTrainsAsPyTorch(t *testing.T) {
	var runs map[string]run
	golden(t, "train.json", &runs)
	dev := testdevice.Open(t, device.Options{})
	for _, name := range []string{"vgg16", "vgg16_bn", "resnet50", "resnet50b", "resnet50c", "resnet50d"} {
		want, ok := runs[name]
		if !ok {
			t.Fatalf("train.json has no %s", name)
		}
		for _, precision := range []struct {
			dt        device.DType
			tolerance float64
			steps     int
		}{{device.Float64, 1e-9, len(want.Losses)}, {device.Float32, 2e-3, 2}} {
			t.Run(fmt.Sprintf("%s/%v", name, precision.dt), func(t *testing.T) {
				if testing.Short() && precision.dt == device.Float64 {
					t.Skip("takes some seconds")
				}
				m := goldenModel(t, name, want.Hidden)
				session, err := trainer.NewSession(m, trainer.SessionConfig{
					Device: dev, Optimizer: optim.SGD{LR: want.LR, Momentum: 0.9, WeightDecay: 5e-4},
					Input: [3]int{3, want.Size, want.Size}, Smoothing: 0.1, Precision: precision.dt,
				})
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				c := &compared{
					t: t, model: m, session: session, device: dev, want: want, dt: map[bool]tensor.Dtype{false: tensor.Float32, true: tensor.Float64}[precision.dt == device.Float64], tolerance: precision.tolerance,
					images: narrow(optest.Values(1, 1, 0, len(want.Labels), 3, want.Size, want.Size)),
				}
				c.compare(precision.steps)
			})
		}
	}
}
