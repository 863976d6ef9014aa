package examples_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/examples"
)

// TestRecipes compares the files with what the recipes are defined to be.
func TestRecipes(t *testing.T) {
	base := config.Default() // SGD 1e-3, momentum 0.9, weight decay 5e-4, batch 64, 100 epochs
	base.Track = []string{"neptune"}
	vgg, resnet := base, base
	vgg.Model.Name, resnet.Model.Name = "vgg16", "resnet50"
	tricks := base
	tricks.Model.Name, tricks.Model.ZeroGamma = "resnet50d", true
	tricks.Optim.LR, tricks.Optim.NoBiasDecay = 0.1, true
	tricks.Schedule.Name, tricks.Schedule.WarmupEpochs, tricks.Schedule.LinearScaling = "cosine", 5, true
	tricks.Loss.LabelSmoothing = 0.1
	wants := map[string]config.Config{"vgg16": vgg, "resnet50": resnet, "resnet50_tricks": tricks}
	for name, want := range wants {
		recipe, quick, ok := examples.Recipe(name)
		if !ok {
			t.Fatalf("no recipe %s", name)
		}
		got := config.Default()
		if err := config.LoadBase(recipe, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, d := range config.Differences(want, got) {
			t.Errorf("%s: %s", name, d)
		}
		if err := config.LoadBase(quick, &got); err != nil {
			t.Fatalf("%s: quick profile: %v", name, err)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s: quick profile: %v", name, err)
		}
		if got.Data.DrawnClasses < 10 || got.Model.Name != want.Model.Name || got.Data.Set != "auto" {
			t.Errorf("%s: quick profile: %d classes, model %s, set %s", name, got.Data.DrawnClasses, got.Model.Name, got.Data.Set)
		}
	}
	if _, _, ok := examples.Recipe("vgg19"); ok {
		t.Error("a recipe that there is not")
	}
}

// TestStudy compares each recipe of the study with the one that it is a change of.
func TestStudy(t *testing.T) {
	wants := map[string]struct {
		of      string
		changed []string
	}{
		"vgg16_bn":                         {"vgg16", []string{"model.name: vgg16 → vgg16_bn"}},
		"resnet50b":                        {"resnet50", []string{"model.name: resnet50 → resnet50b"}},
		"resnet50c":                        {"resnet50", []string{"model.name: resnet50 → resnet50c"}},
		"resnet50d":                        {"resnet50", []string{"model.name: resnet50 → resnet50d"}},
		"resnet50d-label_smoothing":        {"resnet50d", []string{"loss.label_smoothing: 0 → 0.1"}},
		"resnet50d-linear_scaling":         {"resnet50d", []string{"optim.lr: 0.001 → 0.1", "schedule.linear_scaling: false → true"}},
		"resnet50d-warmup":                 {"resnet50d", []string{"schedule.warmup_epochs: 0 → 5"}},
		"resnet50d-cosine":                 {"resnet50d", []string{"schedule.name: constant → cosine"}},
		"resnet50d-no_bias_decay":          {"resnet50d", []string{"optim.no_bias_decay: false → true"}},
		"resnet50d-zero_gamma":             {"resnet50d", []string{"model.zero_gamma: false → true"}},
		"resnet50d-tricks-transforms_none": {"resnet50_tricks", []string{"data.augment: true → false"}},
		"resnet50d-tricks-transforms_crop_flip": {"resnet50_tricks", []string{
			"augment.brightness: 0.6,1.4 → 1,1", "augment.saturation: 0.6,1.4 → 1,1", "augment.hue_scale: 0.6,1.4 → 1,1",
		}},
		"resnet50d-tricks-transforms_hue_shift": {"resnet50_tricks", []string{"augment.hue_scale: 0.6,1.4 → 1,1", "augment.hue_shift: 0,0 → -0.4,0.4"}},
		"resnet50_tricks": {"resnet50d", []string{
			"model.zero_gamma: false → true", "optim.lr: 0.001 → 0.1", "optim.no_bias_decay: false → true", "schedule.name: constant → cosine",
			"schedule.warmup_epochs: 0 → 5", "schedule.linear_scaling: false → true", "loss.label_smoothing: 0 → 0.1",
		}},
	}
	tasks := []string{"vgg16", "resnet50", "resnet50_tricks"} // named by what they are
	for _, name := range examples.Recipes {
		want, known := wants[name]
		if !known && !slices.Contains(tasks, name) {
			t.Errorf("%s is of no recipe", name)
		}
		got := load(t, name)
		if !slices.Contains(tasks, name) && got.Name != name {
			t.Errorf("%s is called %q", name, got.Name)
		}
		// Neptune's hosted service has closed: only the recipes of the task name it.
		if !slices.Contains(tasks, name) && len(got.Track) > 0 {
			t.Errorf("%s tracks to %v", name, got.Track)
		}
		if !known {
			continue
		}
		of := load(t, want.of)
		got.Name, got.Track, of.Name, of.Track = "", nil, "", nil
		if diff := config.Diff(of, got); !slices.Equal(diff, want.changed) {
			t.Errorf("%s differs from %s in %q, want %q", name, want.of, diff, want.changed)
		}
	}
	if len(examples.Recipes) != len(wants)+2 {
		t.Errorf("recipes %v", examples.Recipes)
	}
}

// load reads a recipe and checks it, and with its quick profile.
func load(t *testing.T, name string) config.Config {
	t.Helper()
	recipe, quick, ok := examples.Recipe(name)
	if !ok {
		t.Fatalf("no recipe %s", name)
	}
	c := config.Default()
	if err := config.LoadBase(recipe, &c); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := c.Validate(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	small := c
	if err := config.LoadBase(quick, &small); err != nil {
		t.Fatalf("%s: quick profile: %v", name, err)
	}
	if err := small.Validate(); err != nil || small.Model.Name != c.Model.Name {
		t.Errorf("%s: quick profile: %v", name, err)
	}
	return c
}

func Example() {
	recipe, _, _ := examples.Recipe("resnet50_tricks")
	c := config.Default()
	if err := config.LoadBase(recipe, &c); err != nil {
		fmt.Println(err)
	}
	fmt.Println(c.Model.Name, c.Schedule.Name, c.Loss.LabelSmoothing, c.DerivedName())
	// Output: resnet50d cosine 0.1 resnet50d-auto-sgd-lr0.1-bs64-tricks
}
