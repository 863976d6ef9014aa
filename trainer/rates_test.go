package trainer

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/registry"
)

// TestRateScales multiplies the rates of layers with those of patterns.
func TestRateScales(t *testing.T) {
	cfg := config.Default()
	cfg.Data.Crop = 32
	net := models.ResNet50(models.ResNetConfig{Form: models.B, Classes: 3})
	if groups, scale, err := groupsOf(cfg, net); groups != nil || scale != nil || err != nil {
		t.Errorf("without any: %v, %v", groups, err)
	}
	cfg.Optim.LayerDecay, cfg.Optim.RateScales = 0.5, []string{"fc.*=10", "layer4.2.bn?.*=0", "*.weight=2"}
	cfg.Optim.NoBiasDecay = true
	o, err := optimizerOf(cfg, net)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"fc.weight": 10, "fc.bias": 10, "layer4.2.bn1.weight": 0, "layer4.2.conv1.weight": 2 * 0.5, "layer4.1.bn1.bias": 0.25, "conv1.weight": 2 * math.Pow(0.5, 17),
	} {
		if got := o.RateScale(&nn.Param{Name: name, Role: nn.Bias}); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	cfg.Optim.RateScales = []string{"head.*=10"}
	if _, err := optimizerOf(cfg, net); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), `"head.*"`) {
		t.Errorf("a pattern of nothing: %v", err)
	}
}

// others are values of the keys that all optimizers or all schedules share, other than the
// defaults.
var others = map[string]string{
	"optim.momentum": "0.5", "optim.nesterov": "true", "optim.weight_decay": "0.25", "optim.no_bias_decay": "true", "optim.betas": "0.5,0.25",
	"optim.eps": "0.125", "optim.layer_decay": "0.5", "optim.rate_scales": "fc.*=10",
	"schedule.warmup_epochs": "1", "schedule.step_epochs": "2", "schedule.gamma": "0.75", "schedule.min_lr": "1e-5",
}

// TestReadsAreTrue changes each shared key: what is made of the configuration changes if and
// only if its registration says that it reads the key.
func TestReadsAreTrue(t *testing.T) {
	net := models.ResNet50(models.ResNetConfig{Form: models.B, Classes: 3})
	made := map[string]func(cfg config.Config) string{
		"optim.name":    func(cfg config.Config) string { return optimizerText(cfg, net) },
		"schedule.name": scheduleText,
	}
	for chooser, text := range made {
		section, _, _ := strings.Cut(chooser, ".")
		for _, e := range registry.For(chooser).Entries() {
			for _, k := range config.Keys() {
				word, ok := strings.CutPrefix(k.Path, section+".")
				if !ok || k.Of != "" || k.Path == chooser || slices.Contains([]string{"optim.lr", "schedule.linear_scaling", "schedule.base_batch"}, k.Path) {
					continue // what every run has
				}
				if others[k.Path] == "" {
					t.Fatalf("no other value of %s", k.Path)
				}
				cfg := config.Default()
				cfg.Data.Crop, cfg.Train.Epochs = 32, 40
				changed := cfg
				if err := errors.Join(cfg.Set(chooser, e.Name), changed.Set(chooser, e.Name), changed.Set(k.Path, others[k.Path])); err != nil {
					t.Fatal(err)
				}
				if reads := text(cfg) != text(changed); reads != slices.Contains(e.Reads, word) {
					t.Errorf("%s = %s: %s changes it: %v; it is registered as reading %v", chooser, e.Name, k.Path, reads, e.Reads)
				}
			}
		}
	}
}

// optimizerText is everything that an optimizer holds.
func optimizerText(cfg config.Config, net nn.Module) string {
	o, err := optimizerOf(cfg, net)
	if err != nil {
		return err.Error()
	}
	text := ""
	for v, i := reflect.ValueOf(o), 0; i < v.NumField(); i++ {
		if k := v.Field(i).Kind(); k != reflect.Slice && k != reflect.Func {
			text += fmt.Sprint(v.Type().Field(i).Name, v.Field(i), " ")
		}
		if groups, ok := v.Field(i).Interface().(optim.Groups); ok {
			text += fmt.Sprint("decay of biases ", groups.WeightDecay(&nn.Param{Name: "fc.bias", Role: nn.Bias}, 1))
		}
	}
	for _, name := range []string{"fc.weight", "conv1.weight"} {
		text += fmt.Sprint(" rate of ", name, " ", o.RateScale(&nn.Param{Name: name, Role: nn.Weight}))
	}
	return text
}

// scheduleText is every rate of a short run.
func scheduleText(cfg config.Config) string {
	s, err := scheduleOf(cfg)(3, cfg.Train.Epochs)
	if err != nil {
		return err.Error()
	}
	text := ""
	for step := range 3 * cfg.Train.Epochs {
		text += fmt.Sprint(s.LR(cfg.Rate(), step+1), " ")
	}
	return text
}
