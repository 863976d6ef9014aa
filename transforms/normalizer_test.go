package transforms_test

import (
	"errors"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

// TestNormalizeAfter has pipelines as transforms, alone and among others.
func TestNormalizeAfter(t *testing.T) {
	zero, task := transforms.Normalize{}, transforms.TaskNormalize()
	other := transforms.Normalize{Std: [3]float64{1, 1, 1}}
	pipeline := transforms.Test(40, 32, task)
	steps := transforms.Compose{transforms.CenterCrop{Size: 8}}
	for _, c := range []struct {
		name  string
		given transforms.Normalize
		of    []transforms.Transform
		want  transforms.Normalize
		err   error
	}{
		{"nothing", zero, nil, zero, nil},
		{"a nil transform", other, []transforms.Transform{nil}, other, nil},
		{"steps alone", other, []transforms.Transform{pipeline.Steps}, other, nil},
		{"steps of one's own", zero, []transforms.Transform{steps}, zero, nil},
		{"a pipeline", zero, []transforms.Transform{pipeline}, task, nil},
		{"a pipeline among steps", zero, []transforms.Transform{transforms.Compose{pipeline, transforms.CenterCrop{Size: 8}}}, task, nil},
		{"the same twice", task, []transforms.Transform{pipeline, pipeline}, task, nil},
		{"another", other, []transforms.Transform{pipeline}, other, transforms.ErrNormalize},
		{"two pipelines", zero, []transforms.Transform{pipeline, transforms.Test(40, 32, other)}, task, transforms.ErrNormalize},
	} {
		got, err := transforms.NormalizeAfter(c.given, c.of...)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v, want %v, %v", c.name, got, err, c.want, c.err)
		}
	}
	if w, h := pipeline.OutputSize(); w != 32 || h != 32 {
		t.Errorf("size %d×%d, want 32×32", w, h)
	}
	if img := pipeline.Apply(transforms.NewRGB(50, 60), nil); img.W != 32 || img.H != 32 {
		t.Errorf("an image of %d×%d", img.W, img.H)
	}
}
