package infer_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"strings"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/infer"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/run"
)

// quiet is a small network that is not registered and says nothing of itself.
type quiet struct {
	Conv *nn.Conv2D
	Norm *nn.BatchNorm2D
	ReLU *nn.ReLU
	Pool *nn.AdaptiveAvgPool2D
	Flat *nn.Flatten
	Out  *nn.Linear
}

func (m *quiet) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.Norm.Forward(s, m.Conv.Forward(s, x)))
	return m.Out.Forward(s, m.Flat.Forward(s, m.Pool.Forward(s, x)))
}

func newQuiet(c models.Config) (nn.Module, error) {
	m, err := newSmall(c)
	s := m.(*small)
	return &quiet{s.Conv, s.Norm, s.ReLU, s.Pool, s.Flat, s.Out}, err
}

// TestOwnModel loads models that are not registered.
func TestOwnModel(t *testing.T) {
	dir, _, _ := trained(t)
	whole, err := checkpoint.Read(filepath.Join(dir, run.CheckpointDir, run.BestFile))
	if err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "plain.safetensors") // without metadata
	if err := checkpoint.Write(plain, &checkpoint.File{Tensors: whole.Tensors}); err != nil {
		t.Fatal(err)
	}
	unknown := filepath.Join(t.TempDir(), "unknown.safetensors") // of a model that nobody registered
	meta := map[string]string{}
	for k, v := range whole.Metadata {
		meta[k] = strings.ReplaceAll(v, "small-for-infer", "*main.Net")
	}
	if err := checkpoint.Write(unknown, &checkpoint.File{Tensors: whole.Tensors, Metadata: meta}); err != nil {
		t.Fatal(err)
	}
	registered, err := infer.Open(dir, infer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer registered.Close()
	img := image.NewRGBA(image.Rect(0, 0, 30, 20))
	want, err := registered.Classify(context.Background(), img)
	if err != nil {
		t.Fatal(err)
	}
	three := []string{"a", "b", "c"}
	for _, c := range []struct {
		name, path string
		o          infer.Options
		model      string
		err        string
	}{
		{"a run", dir, infer.Options{New: newQuiet}, "small-for-infer", ""},
		{"a run, with its name", dir, infer.Options{New: newSmall}, "small-for-infer", ""},
		{"a file of a model without a name", unknown, infer.Options{New: newQuiet}, "*main.Net", ""},
		{"without New", unknown, infer.Options{}, "", "*main.Net"},
		{"another model", unknown, infer.Options{New: newSmall}, "", "for the model *main.Net, not small-for-infer"},
		{"without metadata", plain, infer.Options{New: newSmall, Resize: 20, Crop: 16}, "small-for-infer", ""},
		{"without metadata and a word", plain, infer.Options{New: newQuiet, Classes: three, Resize: 20, Crop: 16}, "", ""},
		{"without the number of classes", plain, infer.Options{New: newQuiet}, "", "give the names"},
		{"the wrong number", plain, infer.Options{New: newQuiet, Classes: three[:2], Resize: 20, Crop: 16}, "", "out."},
		{"a model that cannot be made", dir, infer.Options{New: func(models.Config) (nn.Module, error) { return nil, fmt.Errorf("%w: no", models.ErrConfig) }}, "", "no"},
		{"no model", dir, infer.Options{New: func(models.Config) (nn.Module, error) { return nil, nil }}, "", "made no model"},
		{"a panic", dir, infer.Options{New: func(models.Config) (nn.Module, error) { panic("a bug") }}, "", "a bug"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := infer.Open(c.path, c.o)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %q", err, c.err)
				}
				if err == nil {
					k.Close()
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			got, err := k.Classify(context.Background(), img)
			if err != nil || fmt.Sprint(got[0].Logits) != fmt.Sprint(want[0].Logits) || k.Model() != c.model {
				t.Errorf("model %q gives %v, %v; want %q and %v", k.Model(), got, err, c.model, want)
			}
		})
	}
	if _, err := infer.Open(dir, infer.Options{New: newQuiet, Model: "vgg16"}); !errors.Is(err, infer.ErrWeights) {
		t.Errorf("another name: %v", err)
	}
}
