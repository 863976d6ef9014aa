package trainer

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
)

// TestRateScales multiplies the rates of layers with those of patterns.
func TestRateScales(t *testing.T) {
	cfg := config.Default()
	cfg.Data.Crop = 32
	net := models.ResNet50(models.ResNetConfig{Form: models.B, Classes: 3})
	if scale, err := rateScale(cfg, net); scale != nil || err != nil {
		t.Errorf("without any: %v", err)
	}
	cfg.Optim.LayerDecay, cfg.Optim.RateScales = 0.5, []string{"fc.*=10", "layer4.2.bn?.*=0", "*.weight=2"}
	scale, err := rateScale(cfg, net)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"fc.weight": 10, "fc.bias": 10, "layer4.2.bn1.weight": 0, "layer4.2.conv1.weight": 2 * 0.5, "layer4.1.bn1.bias": 0.25, "conv1.weight": 2 * math.Pow(0.5, 17),
	} {
		if got := scale(&nn.Param{Name: name}); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	cfg.Optim.RateScales = []string{"head.*=10"}
	if _, err := rateScale(cfg, net); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), `"head.*"`) {
		t.Errorf("a pattern of nothing: %v", err)
	}
}
