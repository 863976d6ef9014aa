package trainer_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// golden is the network of internal/gen/golden/training.py.
type golden struct {
	Conv *nn.Conv2D
	Norm *nn.BatchNorm2D
	ReLU *nn.ReLU
	Pool *nn.AdaptiveAvgPool2D
	Flat *nn.Flatten
	FC   *nn.Linear
}

func newGolden() *golden {
	return &golden{
		Conv: &nn.Conv2D{In: 3, Out: 4, Kernel: 3, Padding: 1, Bias: true}, Norm: &nn.BatchNorm2D{Channels: 4}, ReLU: &nn.ReLU{},
		Pool: &nn.AdaptiveAvgPool2D{Size: 2}, Flat: &nn.Flatten{}, FC: &nn.Linear{In: 16, Out: 3},
	}
}

func (m *golden) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.Norm.Forward(s, m.Conv.Forward(s, x)))
	return m.FC.Forward(s, m.Flat.Forward(s, m.Pool.Forward(s, x)))
}

// sines are the values of training.py.
func sines(n int, phase float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Sin(float64(i)*0.7 + phase)
	}
	return v
}

// goldenBatch is a batch of training.py.
func goldenBatch(step, n int) (images []float32, labels []int64) {
	for _, v := range sines(n*3*6*6, float64(100+step)) {
		images = append(images, float32(v))
	}
	for i := range n {
		labels = append(labels, int64((step+i)%3))
	}
	return images, labels
}

// TestTorchTraining compares steps of every plan of update with PyTorch's.
func TestTorchTraining(t *testing.T) {
	data, err := os.ReadFile("testdata/training.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Losses, Norms []float64
		Final         map[string][]float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	sgd := optim.SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 1e-2, Groups: []optim.Group{optim.NoBiasDecay()}}
	adamw := optim.AdamW{LR: 0.01, Betas: [2]float64{0.9, 0.99}, Eps: 1e-6, WeightDecay: 0.1, Groups: []optim.Group{optim.NoBiasDecay()}}
	dev := testdevice.Open(t, device.Options{Threads: 2})
	for name, c := range map[string]struct {
		config trainer.SessionConfig
		parts  []int
	}{
		"plain":               {trainer.SessionConfig{Optimizer: sgd}, []int{4}},
		"clip":                {trainer.SessionConfig{Optimizer: sgd, ClipNorm: 0.5}, []int{4}},
		"accumulate":          {trainer.SessionConfig{Optimizer: sgd, Accumulate: true}, []int{4, 4, 2}},
		"accumulate and clip": {trainer.SessionConfig{Optimizer: sgd, Accumulate: true, ClipNorm: 0.3}, []int{3, 3}},
		"adamw":               {trainer.SessionConfig{Optimizer: adamw}, []int{4}},
		"adamw, clip":         {trainer.SessionConfig{Optimizer: adamw, ClipNorm: 0.4}, []int{4}},
		"groups":              {trainer.SessionConfig{Optimizer: withGroups(sgd)}, []int{4}},
		"adamw, groups":       {trainer.SessionConfig{Optimizer: withGroups(adamw)}, []int{4}},
		"ema":                 {trainer.SessionConfig{Optimizer: sgd, EMA: 0.8}, []int{4}},
	} {
		for dtype, tolerance := range map[device.DType]float64{device.Float64: 1e-9, device.Float32: 2e-4} {
			t.Run(name+"/"+dtype.String(), func(t *testing.T) {
				want := cases[name]
				c.config.Device, c.config.Input, c.config.Precision = dev, [3]int{3, 6, 6}, dtype
				s, err := trainer.NewSession(newGolden(), c.config)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				setGolden(t, s, c.config.EMA > 0)
				for i := range want.Losses {
					loss, norm := goldenStep(t, s, i, c.parts, c.config.Accumulate)
					if math.Abs(loss-want.Losses[i]) > tolerance {
						t.Errorf("step %d: loss %v, want %v", i+1, loss, want.Losses[i])
					}
					if len(want.Norms) > 0 && math.Abs(norm-want.Norms[i]) > tolerance {
						t.Errorf("step %d: norm %v, want %v", i+1, norm, want.Norms[i])
					}
				}
				compareGolden(t, s, want.Final, tolerance)
			})
		}
	}
}

// withGroups has the groups of training.py: each sets one value and keeps the other one.
func withGroups(o optim.Optimizer) optim.Optimizer {
	groups := optim.Groups{
		{Match: optim.Named("fc.*"), RateScale: new(3.0)},
		{Match: optim.Named("conv.weight"), WeightDecay: new(0.0)},
		{Match: optim.Named("norm.weight"), RateScale: new(0.0)},
	}
	switch o := o.(type) {
	case optim.SGD:
		o.Groups = groups
		return o
	case optim.AdamW:
		o.Groups = groups
		return o
	}
	return o
}

// setGolden gives a Session the first weights of training.py.
func setGolden(t *testing.T, s *trainer.Session, averages bool) {
	t.Helper()
	for i, p := range s.Params() {
		v := sines(tensor.Shape(p.Shape).TotalSize(), float64(i))
		for j := range v {
			if v[j] *= 0.3; i == 2 {
				v[j]++
			}
		}
		for _, prefix := range []string{"", "ema/"} {
			if prefix != "" && !averages {
				continue
			}
			var host any = v
			if dt, _ := s.State().DType(p.Name); dt.Size() == 4 {
				short := make([]float32, len(v))
				for j := range v {
					short[j] = float32(v[j])
				}
				host = short
			}
			if err := s.State().Write(prefix+p.Name, host); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// goldenStep makes step i on its batches.
func goldenStep(t *testing.T, s *trainer.Session, i int, parts []int, accumulate bool) (loss, norm float64) {
	t.Helper()
	all := 0
	for _, n := range parts {
		all += n
	}
	for part, n := range parts {
		images, labels := goldenBatch(10*i+part, n)
		if !accumulate {
			r, err := s.Train(images, trainer.Labels(labels), s.Optimizer().Rate())
			if err != nil {
				t.Fatal(err)
			}
			return r.Loss, r.Norm
		}
		share := float64(n) / float64(all)
		r, err := s.Accumulate(images, trainer.Labels(labels), share)
		if err != nil {
			t.Fatal(err)
		}
		loss += share * r.Loss
	}
	norm, err := s.Apply(s.Optimizer().Rate())
	if err != nil {
		t.Fatal(err)
	}
	return loss, norm
}

// compareGolden compares the model's state dict.
func compareGolden(t *testing.T, s *trainer.Session, want map[string][]float64, tolerance float64) {
	t.Helper()
	tensors, err := s.Tensors()
	if err != nil {
		t.Fatal(err)
	}
	_, adam := s.Optimizer().(optim.AdamW)
	for _, got := range tensors {
		w := want[got.Name]
		_, counter := got.Data.([]int64)
		if counter && s.State().Has("ema/"+tensors[0].Name) {
			continue // timm averages counters too
		}
		if _, short := got.Data.([]float32); short && adam && (got.Name == "conv.bias" || got.Name == "norm.running_mean") {
			continue // a bias before BatchNorm has no gradient but rounding, which AdamW makes steps of
		}
		at := func(i int) float64 {
			switch d := got.Data.(type) {
			case []float32:
				return float64(d[i])
			case []float64:
				return d[i]
			case []int64:
				return float64(d[i])
			}
			return math.NaN()
		}
		for i := range w {
			if !(math.Abs(at(i)-w[i]) <= tolerance*(1+math.Abs(w[i]))) {
				t.Errorf("%s[%d] is %v, want %v", got.Name, i, at(i), w[i])
				break
			}
		}
		if len(w) == 0 {
			t.Errorf("%s is not in PyTorch's state dict", got.Name)
		}
	}
}
