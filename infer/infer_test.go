package infer_test

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/infer"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// small is a registered model that trains in a second.
type small struct {
	Conv *nn.Conv2D
	Norm *nn.BatchNorm2D
	ReLU *nn.ReLU
	Pool *nn.AdaptiveAvgPool2D
	Flat *nn.Flatten
	Out  *nn.Linear
}

func newSmall(c models.Config) (nn.Module, error) {
	return &small{
		Conv: &nn.Conv2D{In: 3, Out: 16, Kernel: 3, Stride: 2, Padding: 1}, Norm: &nn.BatchNorm2D{Channels: 16}, ReLU: &nn.ReLU{},
		Pool: &nn.AdaptiveAvgPool2D{Size: 2}, Flat: &nn.Flatten{}, Out: &nn.Linear{In: 64, Out: c.Classes},
	}, nil
}

func (m *small) ModelName() string    { return "small-for-infer" }
func (m *small) HeadParams() []string { return []string{"out.weight", "out.bias"} }
func (m *small) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.Norm.Forward(s, m.Conv.Forward(s, x)))
	return m.Out.Forward(s, m.Flat.Forward(s, m.Pool.Forward(s, x)))
}

func TestMain(m *testing.M) {
	if err := models.Register("small-for-infer", newSmall); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// trained is a run's folder, its Trainer and its test images.
func trained(t testing.TB) (dir string, tr *trainer.Trainer, test dataset.Dataset) {
	t.Helper()
	train, test, err := dataset.Drawn{Classes: 3, Images: 8, Test: 4, Size: 20, Seed: 1}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	net, _ := newSmall(models.Config{Classes: 3})
	dir = filepath.Join(t.TempDir(), "run")
	tr, err = trainer.New(net, train, test, trainer.Config{
		Optimizer: optim.SGD{LR: 0.05, Momentum: 0.9}, Epochs: 2, Batch: 8, Resize: 20, Crop: 16, Dir: dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	return dir, tr, test
}

// TestClassifiesAsTheTrainer compares the classifier's accuracy with the best evaluation.
func TestClassifiesAsTheTrainer(t *testing.T) {
	dir, _, test := trained(t)
	report, err := run.Folder(dir).Report()
	if err != nil {
		t.Fatal(err)
	}
	c, err := infer.Open(dir, infer.Options{Top: 2, Batch: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Model() != "small-for-infer" || len(c.Classes()) != 3 {
		t.Fatalf("model %s, classes %v", c.Model(), c.Classes())
	}
	var images []image.Image
	for i := range test.Len() {
		s, err := test.Sample(context.Background(), i)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, s.Image)
	}
	results, err := c.Classify(context.Background(), images...)
	if err != nil {
		t.Fatal(err)
	}
	right := 0.0
	for i, r := range results {
		s, _ := test.Sample(context.Background(), i)
		if r.Top[0].Index == s.Label {
			right++
		}
		if len(r.Top) != 2 || len(r.Logits) != 3 || r.Top[0].Probability < r.Top[1].Probability || r.Top[0].Class != c.Classes()[r.Top[0].Index] {
			t.Errorf("result %+v", r)
		}
	}
	if got := right / float64(test.Len()); got != report.Best.Accuracy {
		t.Errorf("accuracy %v, the trainer's best is %v", got, report.Best.Accuracy)
	}
	var wait sync.WaitGroup
	for i := range images {
		wait.Go(func() {
			one, err := c.Classify(context.Background(), images[i])
			if err != nil || math.Abs(one[0].Logits[0]-results[i].Logits[0]) > 1e-4 {
				t.Errorf("alone, image %d has %v, %v", i, one, err)
			}
		})
	}
	wait.Wait()
}

func TestErrors(t *testing.T) {
	dir, tr, _ := trained(t)
	plain := filepath.Join(t.TempDir(), "plain.safetensors")
	f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointDir, run.BestFile))
	if err != nil {
		t.Fatal(err)
	}
	f.Metadata = nil
	if err := checkpoint.Write(plain, f); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "own.safetensors")
	if err := tr.SaveModel(own); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text.safetensors")
	if err := os.WriteFile(text, []byte("<html>no weights</html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		o    infer.Options
		want string
	}{
		{filepath.Join(dir, "none.safetensors"), infer.Options{}, "none.safetensors"},
		{t.TempDir(), infer.Options{}, "best.safetensors"},
		{text, infer.Options{}, "text.safetensors"},
		{plain, infer.Options{}, "does not name its model"},
		{plain, infer.Options{Model: "resnet51"}, "resnet51"},
		{plain, infer.Options{Model: "resnet50b"}, "the classifier of resnet50b"},
		{plain, infer.Options{Model: "small-for-infer", Classes: []string{"a"}}, "1 names for its 3 classes"},
		{own, infer.Options{Model: "vgg16"}, "for the model small-for-infer, not vgg16"},
		{own, infer.Options{Top: -1}, "Top -1"},
	} {
		k, err := infer.Open(c.path, c.o)
		if err == nil {
			k.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: error %v, want %q", c.path, c.o, err, c.want)
		}
	}
	k, err := infer.Open(plain, infer.Options{Model: "small-for-infer", Resize: 20, Crop: 16})
	if err != nil {
		t.Fatal(err)
	}
	if names := k.Classes(); strings.Join(names, " ") != "0 1 2" {
		t.Errorf("classes without names are %v", names)
	}
	if _, err := k.Classify(context.Background(), image.NewRGBA(image.Rectangle{})); !errors.Is(err, infer.ErrImage) {
		t.Errorf("an empty image: %v", err)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := k.Classify(stopped, image.NewRGBA(image.Rect(0, 0, 9, 9))); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	k.Close()
	if _, err := k.Classify(context.Background(), image.NewRGBA(image.Rect(0, 0, 9, 9))); !errors.Is(err, infer.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestPyTorch classifies with a state dict that PyTorch wrote, where EURYALE_PYTHON names
// a python with torch, torchvision, timm and safetensors.
func TestPyTorch(t *testing.T) {
	python := os.Getenv("EURYALE_PYTHON")
	if python == "" {
		t.Skip("EURYALE_PYTHON names no python")
	}
	for _, model := range []string{"resnet50b", "resnet50d", "vgg16_bn"} {
		dir := t.TempDir()
		out, err := exec.Command(python, "../internal/gen/golden/statedict.py", model, dir).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		data, err := os.ReadFile(filepath.Join(dir, "logits.json"))
		if err != nil {
			t.Fatal(err)
		}
		var want []float64
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		c, err := infer.Open(filepath.Join(dir, "model.safetensors"), infer.Options{Model: model, Resize: 64, Crop: 64})
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.Classify(context.Background(), gradient(64))
		c.Close()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range want {
			if math.Abs(r[0].Logits[i]-v) > 1e-3*(1+math.Abs(v)) {
				t.Fatalf("%s: logit %d is %v, PyTorch's %v", model, i, r[0].Logits[i], v)
			}
		}
	}
}

// gradient is the image that statedict.py classifies.
func gradient(size int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			img.Set(x, y, color.RGBA{uint8(x * 4), uint8(y * 4), uint8(x * y % 256), 255})
		}
	}
	return img
}
