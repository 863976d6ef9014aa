package op_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/optest"
	"github.com/euryale-ml/euryale/op"
)

// goldenCase is what internal/gen/golden/ops.py writes: PyTorch's result and
// gradients in float64.
type goldenCase struct {
	Name string
	Attr struct {
		op.Conv2DOptions // Stride and Padding serve the pools too
		op.SGDOptions
		Kernel, Out               [2]int
		CeilMode, CountIncludePad bool
		Training                  bool
		Smoothing                 float64
	}
	Inputs []struct {
		Name          string
		Shape         []int
		Ints          []int64
		Seed          uint64
		Scale, Offset float64
		Fixed, Floor  bool
	}
	Y       []float64
	Grads   map[string][]float64
	Running map[string][]float64
	Steps   []struct{ W, V []float64 }
}

func golden(t *testing.T, family string) []goldenCase {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", family+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatalf("%s.json: %v", family, err)
	}
	return cases
}

func (c *goldenCase) inputs() []optest.Input {
	inputs := make([]optest.Input, len(c.Inputs))
	for i, in := range c.Inputs {
		if in.Ints != nil {
			inputs[i] = optest.Ints(in.Name, in.Ints...)
			continue
		}
		inputs[i] = optest.Affine(in.Name, in.Seed, in.Scale, in.Offset, in.Shape...)
		inputs[i].Constant = in.Fixed
		if in.Floor {
			for e, v := range inputs[i].Float {
				inputs[i].Float[e] = math.Floor(v)
			}
		}
	}
	return inputs
}

func (c *goldenCase) pool() op.PoolOptions {
	return op.PoolOptions{
		Kernel: c.Attr.Kernel, Stride: c.Attr.Stride, Padding: c.Attr.Padding,
		CeilMode: c.Attr.CeilMode, CountIncludePad: c.Attr.CountIncludePad,
	}
}

// goldenFamilies build the operator that a file of cases is about.
var goldenFamilies = map[string]func(c *goldenCase, in nodes) (node, error){
	"conv": func(c *goldenCase, in nodes) (node, error) {
		y, err := op.Conv2D("conv", in[0], in[1], c.Attr.Conv2DOptions)
		if err != nil {
			return nil, err
		}
		return op.BiasAdd("conv", y, in[2])
	},
	"batchnorm": batchNorm,
	"maxpool":   func(c *goldenCase, in nodes) (node, error) { return op.MaxPool2D("pool", in[0], c.pool()) },
	"avgpool":   func(c *goldenCase, in nodes) (node, error) { return op.AvgPool2D("pool", in[0], c.pool()) },
	"adaptiveavgpool": func(c *goldenCase, in nodes) (node, error) {
		return op.AdaptiveAvgPool2D("pool", in[0], c.Attr.Out[0], c.Attr.Out[1])
	},
	"linear": func(_ *goldenCase, in nodes) (node, error) {
		y, err := op.Linear("fc", in[0], in[1])
		if err != nil {
			return nil, err
		}
		return op.BiasAdd("fc", y, in[2])
	},
	"activation": func(c *goldenCase, in nodes) (node, error) {
		for act := range device.Acts() {
			if act.String() == c.Name {
				return op.Activate("act", in[0], act)
			}
		}
		return nil, fmt.Errorf("no activation %q", c.Name)
	},
	"crossentropy": func(c *goldenCase, in nodes) (node, error) {
		return op.SoftmaxCrossEntropy("loss", in[0], in[1], c.Attr.Smoothing)
	},
}

func batchNorm(c *goldenCase, in nodes) (node, error) {
	var stats node
	var err error
	if c.Attr.Training {
		stats, err = op.BatchNormStats("bn", in[0])
	} else {
		stats, err = op.BatchNormPack("bn", in[3], in[4])
	}
	if err != nil {
		return nil, err
	}
	return op.BatchNormApply("bn", in[0], stats, in[1], in[2], 1e-5, c.Attr.Training)
}

func TestGolden(t *testing.T) {
	for family, build := range goldenFamilies {
		for _, c := range golden(t, family) {
			t.Run(family+"/"+c.Name, func(t *testing.T) {
				for dt, tolerance := range map[tensor.Dtype]float64{tensor.Float64: 1e-9, tensor.Float32: 2e-5} {
					if dt == tensor.Float32 && c.Inputs[0].Offset != 0 {
						continue // 1000 ± 1.7 itself is rounded to 6e-5
					}
					b := func(_ graph, in nodes) (node, error) { return build(&c, in) }
					near(t, "y", optest.Forward(t, dt, b, c.inputs()...), c.Y, tolerance)
					grads := optest.Gradients(t, dt, b, c.inputs()...)
					for name, want := range c.Grads {
						near(t, "gradient of "+name, grads[name], want, tolerance)
					}
				}
			})
		}
	}
}

func TestGoldenSoftmax(t *testing.T) {
	for _, c := range golden(t, "softmax") {
		b := func(_ graph, in nodes) (node, error) { return op.Softmax("softmax", in[0]) }
		near(t, c.Name, optest.Forward(t, tensor.Float64, b, c.inputs()...), c.Y, 1e-9)
	}
}

func TestGoldenRunningStatistics(t *testing.T) {
	for _, c := range golden(t, "batchnorm") {
		if !c.Attr.Training {
			continue
		}
		shape := c.Inputs[0].Shape
		count := tensor.Shape(shape).TotalSize() / shape[1]
		mean := func(_ graph, in nodes) (node, error) {
			stats, err := op.BatchNormStats("bn", in[0])
			if err != nil {
				return nil, err
			}
			return op.RunningMean("bn", in[3], stats, 0.1)
		}
		variance := func(_ graph, in nodes) (node, error) {
			stats, err := op.BatchNormStats("bn", in[0])
			if err != nil {
				return nil, err
			}
			return op.RunningVar("bn", in[4], stats, 0.1, count)
		}
		near(t, c.Name+": mean", optest.Forward(t, tensor.Float64, mean, c.inputs()...), c.Running["mean"], 1e-9)
		near(t, c.Name+": variance", optest.Forward(t, tensor.Float64, variance, c.inputs()...), c.Running["variance"], 1e-9)
	}
}

func TestGoldenSGD(t *testing.T) {
	for _, c := range golden(t, "sgd") {
		o := c.Attr.SGDOptions
		w, v := optest.Random("w", 1, 6), optest.Input{Name: "v", Shape: []int{6}, Float: make([]float64, 6)}
		for i, want := range c.Steps {
			g := optest.Random("g", uint64(10+i), 6)
			lr := optest.Input{Name: "lr", Float: []float64{0.1 / float64(1+i)}}
			velocity := func(_ graph, in nodes) (node, error) { return op.SGDVelocity("w", in[1], in[2], in[0], o) }
			weight := func(_ graph, in nodes) (node, error) {
				vOrG, extra := in[1], node(nil)
				if o.Momentum == 0 {
					vOrG = in[2]
				}
				if o.Nesterov {
					extra = in[2]
				}
				return op.SGDWeight("w", in[0], vOrG, in[3], extra, o)
			}
			if o.Momentum != 0 {
				v.Float = optest.Forward(t, tensor.Float64, velocity, w, v, g)
				near(t, c.Name+": velocity", v.Float, want.V, 1e-12)
			}
			w.Float = optest.Forward(t, tensor.Float64, weight, w, v, g, lr)
			near(t, c.Name+": weight", w.Float, want.W, 1e-12)
		}
	}
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", what, len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= tolerance*(1+math.Abs(want[i]))) {
			t.Fatalf("%s[%d] = %.12g, PyTorch has %.12g", what, i, got[i], want[i])
		}
	}
}
