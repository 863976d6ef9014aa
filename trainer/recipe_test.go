package trainer_test

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// TestRecipeOfEverything runs a configuration with AdamW, rates by layer, clipping,
// accumulation and an average: the rate is scaled by the effective batch, steps are
// updates, and the layers of a model of one's own are its fields.
func TestRecipeOfEverything(t *testing.T) {
	if err := models.Register("tiny-of-everything", func(c models.Config) (nn.Module, error) { return newTiny(c.Classes), nil }); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	for key, value := range map[string]string{
		"model.name": "tiny-of-everything", "data.set": "drawn", "data.drawn_classes": "3", "data.drawn_images": "8",
		"data.resize": "16", "data.crop": "16", "data.batch": "4", "train.epochs": "1", "device": testdevice.Name(),
		"optim.name": "adamw", "optim.lr": "0.02", "optim.weight_decay": "0.1", "optim.no_bias_decay": "true", "optim.layer_decay": "0.5",
		"schedule.linear_scaling": "true", "schedule.base_batch": "16",
		"train.clip_norm": "1", "train.accumulate": "4", "train.ema": "0.5",
	} {
		if err := c.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	var events []trainer.StepEvent
	tr, err := trainer.FromConfig(c, trainer.WithDir(filepath.Join(t.TempDir(), "run")), trainer.WithHooks(trainer.Hook{
		Step: func(e trainer.StepEvent) error { events = append(events, e); return nil },
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	o, ok := tr.Config().Optimizer.(optim.AdamW)
	if !ok || o.LR != 0.02 || o.WeightDecay != 0.1 { // 0.02 · (4·4)/16
		t.Fatalf("optimizer %+v", tr.Config().Optimizer)
	}
	for _, p := range tr.Session().Params() {
		path, _ := p.Layer()
		if want := map[string]float64{"conv": 0.25, "norm": 0.5, "fc": 1}[path]; o.RateScale(p) != want {
			t.Errorf("%s: rate × %v, want %v", p.Name, o.RateScale(p), want)
		}
	}
	r, err := tr.Fit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.Steps != 2 || len(events) != 2 { // 24 images in 6 batches: 4 of them, and 2
		t.Fatalf("%d steps, %d events", r.Steps, len(events))
	}
	for _, e := range events {
		if !(e.GradientNorm > 0) || math.IsInf(e.GradientNorm, 0) || e.LR != 0.02 {
			t.Errorf("step %+v", e)
		}
	}
	if got := c.DerivedName(); got != "tiny-of-everything-drawn-adamw-lr0.02-bs4" {
		t.Errorf("the run is called %s", got)
	}
}
