package transforms_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

// TestNormalizationOf has pipelines and Normalize as transforms, alone and among others.
func TestNormalizationOf(t *testing.T) {
	zero, task := transforms.Normalize{}, transforms.TaskNormalize()
	other := transforms.Normalize{Std: [3]float64{1, 1, 1}}
	pipeline := transforms.Test(40, 32, task)
	steps := transforms.Compose{transforms.CenterCrop{Size: 8}}
	for _, c := range []struct {
		name string
		of   []transforms.Transform
		want transforms.Normalize
		ok   bool
		err  error
	}{
		{"nothing", nil, zero, false, nil},
		{"a nil transform", []transforms.Transform{nil}, zero, false, nil},
		{"steps alone", []transforms.Transform{pipeline.Steps, steps}, zero, false, nil},
		{"a pipeline", []transforms.Transform{pipeline}, task, true, nil},
		{"a Normalize", []transforms.Transform{other}, other, true, nil},
		{"a Normalize after steps", []transforms.Transform{transforms.Compose{steps, other}}, other, true, nil},
		{"a pipeline among steps", []transforms.Transform{transforms.Compose{pipeline, transforms.CenterCrop{Size: 8}}}, task, true, nil},
		{"the same twice", []transforms.Transform{pipeline, steps, task}, task, true, nil},
		{"two that differ", []transforms.Transform{pipeline, transforms.Test(40, 32, other)}, task, true, transforms.ErrNormalize},
	} {
		got, ok, err := transforms.NormalizationOf(c.of...)
		if got != c.want || ok != c.ok || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v, %v, want %v, %v, %v", c.name, got, ok, err, c.want, c.ok, c.err)
		}
	}
	if w, h := (transforms.Compose{pipeline, task}).OutputSize(); w != 32 || h != 32 {
		t.Errorf("size %d×%d, want 32×32", w, h)
	}
	if img := pipeline.Apply(transforms.NewRGB(50, 60), nil); img.W != 32 || img.H != 32 {
		t.Errorf("an image of %d×%d", img.W, img.H)
	}
}

// TestNormalizeIsLast refuses what a network would not see as written.
func TestNormalizeIsLast(t *testing.T) {
	task, crop := transforms.TaskNormalize(), transforms.CenterCrop{Size: 8}
	if err := (transforms.Compose{crop, task}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (transforms.Compose{task, crop}).Validate(); err == nil || !strings.Contains(err.Error(), "step 0 is a Normalize, want it last") {
		t.Errorf("a step after Normalize: error %v", err)
	}
	other := transforms.Normalize{Std: [3]float64{1, 1, 1}}
	if err := (transforms.Compose{transforms.Test(40, 32, task), other}).Validate(); !errors.Is(err, transforms.ErrNormalize) {
		t.Errorf("two that differ: error %v", err)
	}
}
