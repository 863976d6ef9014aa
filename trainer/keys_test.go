package trainer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/trainer"
)

// TestErrorsNameKeys has settings that do not fit, from a configuration.
func TestErrorsNameKeys(t *testing.T) {
	if err := models.Register("tiny-of-keys", func(c models.Config) (nn.Module, error) { return newTiny(c.Classes), nil }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		set   []string
		words []string
	}{
		{"a last batch of one image", []string{"data.batch=8", "data.drawn_images=3"},
			[]string{"batches of 1 images", "9 images make batches of 8", "data.drop_last=true", "data.batch"}},
		{"a last batch of one image, the second of its step", []string{"data.batch=8", "train.accumulate=2", "data.drawn_images=3"},
			[]string{"batches of 1 images", "9 images make batches of 8", "data.drop_last=true", "data.batch"}},
		{"batches of one image", []string{"data.batch=1", "data.drawn_images=3"}, []string{"batches of 1 images", "data.batch"}},
		{"a pattern that matches nothing", []string{"model.freeze=cnov.*"}, []string{`no parameter matches "cnov.*"`, "model.freeze"}},
		{"everything frozen", []string{"model.freeze=*"}, []string{"every parameter is frozen", "model.freeze"}},
		{"batches without a full one", []string{"data.batch=10", "data.drop_last=true", "data.drawn_images=3"}, []string{"more than the 9 images", "data.batch", "data.drop_last=true"}},
	} {
		cfg := config.Default()
		for _, pair := range append(c.set, "model.name=tiny-of-keys", "data.set=drawn", "data.drawn_classes=3", "data.resize=16", "data.crop=2") {
			key, value, _ := strings.Cut(pair, "=")
			if err := cfg.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		tr, err := trainer.FromConfig(cfg)
		if err == nil {
			tr.Close()
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in the error %v", c.name, w, err)
			}
		}
		if c.name == "batches without a full one" && !errors.Is(err, dataset.ErrConfig) {
			t.Errorf("%s: the error is not dataset.ErrConfig", c.name)
		}
	}
}
