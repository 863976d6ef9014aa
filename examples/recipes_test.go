package examples_test

import (
	"fmt"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/examples"
)

// TestRecipes compares the files with what the recipes are defined to be.
func TestRecipes(t *testing.T) {
	base := config.Default() // SGD 1e-3, momentum 0.9, weight decay 5e-4, batch 64, 100 epochs
	vgg, resnet := base, base
	vgg.Model.Name, resnet.Model.Name = "vgg16", "resnet50"
	tricks := base
	tricks.Model.Name, tricks.Model.ZeroGamma = "resnet50d", true
	tricks.Optim.LR, tricks.Optim.NoBiasDecay = 0.1, true
	tricks.Schedule.Name, tricks.Schedule.WarmupEpochs, tricks.Schedule.LinearScaling = "cosine", 5, true
	tricks.Loss.LabelSmoothing = 0.1
	wants := map[string]config.Config{"vgg16": vgg, "resnet50": resnet, "resnet50_tricks": tricks}
	if len(examples.Recipes) != len(wants) {
		t.Errorf("recipes %v", examples.Recipes)
	}
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

func Example() {
	recipe, _, _ := examples.Recipe("resnet50_tricks")
	c := config.Default()
	if err := config.LoadBase(recipe, &c); err != nil {
		fmt.Println(err)
	}
	fmt.Println(c.Model.Name, c.Schedule.Name, c.Loss.LabelSmoothing, c.DerivedName())
	// Output: resnet50d cosine 0.1 resnet50d-auto-sgd-lr0.1-bs64-tricks
}
