package infer

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"os"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/trainer"
)

// goldenNet is the network of internal/gen/golden/training.py.
type goldenNet struct {
	Conv *nn.Conv2D
	Norm *nn.BatchNorm2D
	ReLU *nn.ReLU
	Pool *nn.AdaptiveAvgPool2D
	Flat *nn.Flatten
	FC   *nn.Linear
}

func (m *goldenNet) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.Norm.Forward(s, m.Conv.Forward(s, x)))
	return m.FC.Forward(s, m.Flat.Forward(s, m.Pool.Forward(s, x)))
}

// TestTorchGradCAM compares maps with those of PyTorch's gradients.
func TestTorchGradCAM(t *testing.T) {
	data, err := os.ReadFile("../trainer/testdata/cam.json")
	if err != nil {
		t.Fatal(err)
	}
	var want [][]float64
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	dev := testdevice.Open(t, device.Options{Threads: 2})
	for dtype, tolerance := range map[device.DType]float64{device.Float64: 1e-5, device.Float32: 1e-5, device.BFloat16: 0.05} {
		net := &goldenNet{
			Conv: &nn.Conv2D{In: 3, Out: 4, Kernel: 3, Padding: 1, Bias: true}, Norm: &nn.BatchNorm2D{Channels: 4}, ReLU: &nn.ReLU{},
			Pool: &nn.AdaptiveAvgPool2D{Size: 2}, Flat: &nn.Flatten{}, FC: &nn.Linear{In: 16, Out: 3},
		}
		s, err := trainer.NewSession(net, trainer.SessionConfig{Device: dev, Input: [3]int{3, 6, 6}, Precision: dtype})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range s.Params() {
			wide := make([]float64, tensor.Shape(p.Shape).TotalSize())
			short := make([]float32, len(wide))
			for j := range wide {
				if wide[j] = 0.3 * math.Sin(float64(j)*0.7+float64(i)); i == 2 {
					wide[j]++
				}
				short[j] = float32(wide[j])
			}
			var host any = wide
			if dtype != device.Float64 {
				host = short
			}
			if err := s.State().Write(p.Name, host); err != nil {
				t.Fatal(err)
			}
		}
		img := make([]float32, 3*6*6)
		for i := range img {
			img[i] = float32(math.Sin(float64(i)*0.7 + 100))
		}
		for class, w := range want {
			f, err := s.Features(img, class)
			if err != nil {
				t.Fatal(err)
			}
			top := slices.Max(w)
			for i, got := range activationMap(f) {
				if math.Abs(got-w[i]/top) > tolerance {
					t.Errorf("%v, class %d: value %d is %v, want %v", dtype, class, i, got, w[i]/top)
					break
				}
			}
		}
		if _, err := s.Features(img, 3); !errors.Is(err, trainer.ErrConfig) {
			t.Errorf("class 3 of 3: %v", err)
		}
		s.Close()
	}
}

func TestCAM(t *testing.T) {
	c := CAM{Width: 2, Height: 2, Map: []float64{0, 1, 0.5, 0}, Image: image.NewRGBA(image.Rect(0, 0, 8, 8))}
	for _, p := range []struct{ x, y, want float64 }{{0, 0, 0}, {1, 0, 1}, {0.5, 0, 0.5}, {0.25, 0.5, 0.25}, {0.5, 0.5, 0.375}} {
		if got := c.At(p.x, p.y); math.Abs(got-p.want) > 1e-12 {
			t.Errorf("at %v, %v: %v, want %v", p.x, p.y, got, p.want)
		}
	}
	o := c.Overlay()
	if o.Bounds().Dx() != 320 || o.RGBAAt(319, 0).R <= o.RGBAAt(0, 0).R {
		t.Errorf("the overlay is %v, with %v and %v at its upper corners", o.Bounds(), o.RGBAAt(0, 0), o.RGBAAt(319, 0))
	}
}

func TestGradCAMErrors(t *testing.T) {
	c := &Classifier{classes: []string{"a", "b"}}
	if _, err := c.GradCAM(context.Background(), nil, -1); !errors.Is(err, ErrImage) {
		t.Errorf("no image: %v", err)
	}
	if _, err := c.GradCAM(context.Background(), image.NewGray(image.Rect(0, 0, 1, 1)), 2); err == nil {
		t.Error("class 2 of 2")
	}
	c.closed = true
	if _, err := c.GradCAM(context.Background(), image.NewGray(image.Rect(0, 0, 1, 1)), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
