package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/euryale-ml/euryale/config"
)

// ranges are values that each key with a range takes, and such that it refuses.
var ranges = []struct{ key, takes, refuses string }{
	{"threads", "0 4096", "-1 4097"},
	{"precision", "float32 float64 bfloat16", "half Float32"},
	{"model.dropout", "0 0.999", "-0.1 1 NaN"},
	{"data.batch", "1 65536", "0 -1 65537"},
	{"data.test_batch", "0 65536", "-1 65537"},
	{"data.workers", "0 4096", "-1 4097"},
	{"data.resize", "1 8192", "0 8193"},
	{"data.crop", "1 8192", "0 8193"},
	{"data.mean", "-1000,0,1000", "-1001,0,0 0,0,1001 0,NaN,0 0,0,Inf"},
	{"data.std", "1e-9,1,1000", "0,1,1 1,-1,1 1,1,1001"},
	{"data.on_bad_image", "skip stop", "ignore"},
	{"data.drawn_classes", "2 37", "1 38"},
	{"data.drawn_images", "1 100000", "0 100001"},
	{"data.test_fraction", "0.001 0.999", "0 1 NaN"},
	{"augment.crop_scale", "1e-3,1 1,1", "0,1 0.5,1.1 1,0.5"},
	{"augment.crop_ratio", "0.001,1000", "0,1 1,1001 2,1"},
	{"augment.flip", "0 1", "-0.1 1.1 NaN"},
	{"augment.brightness", "0,1000 1,1", "-0.1,1 1.4,0.6 1,1001"},
	{"augment.saturation", "0,1000 1,1", "-0.1,1 1.4,0.6 1,1001"},
	{"augment.hue_scale", "0,1000 1,1", "-0.1,1 1.4,0.6 1,1001"},
	{"augment.contrast", "0,1000 1,1", "-0.1,1 1.4,0.6 1,1001"},
	{"augment.hue_shift", "-0.5,0.5 0,0", "-0.6,0 0,0.6 0.1,-0.1"},
	{"augment.mixup", "0 1000", "-0.1 1001"},
	{"augment.random_erasing", "0 1", "-0.1 1.1"},
	{"optim.name", "sgd adamw", "SGD adam"},
	{"optim.lr", "1e-300 10", "0 -1 NaN Inf -Inf"},
	{"optim.momentum", "0 0.999", "-0.1 1 NaN"},
	{"optim.weight_decay", "0 10", "-1e-9 NaN Inf"},
	{"optim.betas", "0,0 0.999,0.9", "-0.1,0.9 0.9,1"},
	{"optim.lion.betas", "0,0 0.999,0.9", "-0.1,0.9 0.9,1"},
	{"optim.eps", "1e-300 1", "0 -1 NaN Inf"},
	{"optim.layer_decay", "1e-3 1", "0 1.1 NaN"},
	{"schedule.name", "constant step cosine onecycle", "linear"},
	{"schedule.warmup_epochs", "0 1000000", "-1 1000001"},
	{"schedule.step_epochs", "1 1000000", "0 1000001"},
	{"schedule.gamma", "1e-9 2", "0 -1 NaN Inf"},
	{"schedule.min_lr", "0 1", "-1e-9 NaN Inf"},
	{"schedule.base_batch", "1 1000000", "0 1000001"},
	{"loss.label_smoothing", "0 0.999", "-0.1 1 NaN"},
	{"train.epochs", "1 1000000", "0 -1 1000001"},
	{"train.max_steps", "0 1000000000", "-1 1000000001"},
	{"train.patience", "0 1000000", "-1 1000001"},
	{"train.save_every_steps", "0 1000000000", "-1 1000000001"},
	{"train.clip_norm", "0 1e9", "-1 NaN Inf"},
	{"train.accumulate", "1 65536", "0 65537"},
	{"train.ema", "0 0.9999", "-0.1 1 NaN"},
	{"track", "tensorboard mlflow,neptune", "wandb neptune,wandb"},
	{"device", "auto cpu cuda cuda:0 cuda:12", "gpu cuda:-1 cuda:x cpu:0"},
	{"model.name", "vgg16 resnet50d", "resnet VGG16"},
	{"data.set", "auto drawn image-folder", "pets"},
	{"neptune.mode", "auto async offline debug", "online"},
}

// TestEveryRange tries both sides of every limit through Set, and through Validate what a
// program wrote into the field itself.
func TestEveryRange(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range ranges {
		seen[r.key] = true
		c := config.Default()
		for _, value := range strings.Fields(r.takes) {
			if err := c.Set(r.key, value); err != nil {
				t.Errorf("%s = %s: %v", r.key, value, err)
			}
		}
		for _, value := range strings.Fields(r.refuses) {
			err := c.Set(r.key, value)
			if !errors.Is(err, config.ErrRange) || !strings.Contains(err.Error(), r.key+" = ") || !strings.Contains(err.Error(), ": want ") {
				t.Errorf("%s = %s: error %v, want the key, the value and the range", r.key, value, err)
			}
		}
	}
	for _, k := range config.Keys() {
		free := k.Range == "a text" || k.Range == "a list of texts" || k.Range == "true or false"
		if !free && !seen[k.Path] && k.Path != "seed" && k.Path != "data.split_seed" {
			t.Errorf("%s: no test of its range, %s", k.Path, k.Range)
		}
	}
}

// TestValidateChecksEveryNumber writes -1e9 into every number that has a range.
func TestValidateChecksEveryNumber(t *testing.T) {
	var walk func(c *config.Config, v reflect.Value, path string)
	walk = func(c *config.Config, v reflect.Value, path string) {
		for i := range v.NumField() {
			f, name := v.Field(i), v.Type().Field(i).Tag.Get("yaml")
			if name == "" {
				continue
			}
			switch key := path + name; f.Kind() {
			case reflect.Struct:
				walk(c, f, key+".")
			case reflect.Int:
				check(t, c, key, func() { f.SetInt(-1e9) }, func() { f.SetInt(1) })
			case reflect.Float64:
				check(t, c, key, func() { f.SetFloat(-1e9) }, func() { f.SetFloat(0.5) })
			case reflect.Array:
				old := f.Index(0).Float()
				check(t, c, key, func() { f.Index(0).SetFloat(-1e9) }, func() { f.Index(0).SetFloat(old) })
			}
		}
	}
	c := config.Default()
	walk(&c, reflect.ValueOf(&c).Elem(), "")
}

// check breaks a value, looks for its key in Validate's error, and mends it.
func check(t *testing.T, c *config.Config, key string, breakIt, mend func()) {
	t.Helper()
	breakIt()
	if err := c.Validate(); !errors.Is(err, config.ErrRange) || !strings.Contains(err.Error(), "config: "+key+" = -1") {
		t.Errorf("%s = -1e9: error %v", key, err)
	}
	mend()
}

func TestHelpFits(t *testing.T) {
	help := config.Help()
	for _, line := range strings.Split(help, "\n") {
		if n := utf8.RuneCountInString(line); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, name := range []string{"(one of resnet50, resnet50b, ", "(one of auto, drawn, ", "(one of auto, cpu)", "(one of adamw, lion, sgd)", "(one of constant, cosine, "} {
		if !strings.Contains(strings.Join(strings.Fields(help), " "), name) {
			t.Errorf("the help lacks %s", name)
		}
	}
}
