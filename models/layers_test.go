package models_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/euryale-ml/euryale/models"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
)

// TestLayerDecay compares learning-rate scales with those of timm's
// param_groups_layer_decay.
func TestLayerDecay(t *testing.T) {
	data, err := os.ReadFile("testdata/layer_decay.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]map[string]float64
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for name, scales := range want {
		m := newModel(t, name, models.Config{Classes: 5})
		params := trace(t, m, nn.Options{}, 1, 3, 64, 64).Params
		scale := optim.LayerDecay(params, 0.75, m.(models.WithLayers).LayerOf)
		theirs := map[string]string{} // by our names
		if a, ok := m.(models.WithAliases); ok {
			for _, one := range a.Aliases() {
				theirs[one.Ours] = one.Theirs
			}
		}
		for _, p := range params {
			of := p.Name
			if theirs[of] != "" {
				of = theirs[of]
			}
			if w, ok := scales[of]; !ok || math.Abs(scale(p)-w) > 1e-12 {
				t.Errorf("%s: %s has the scale %v, timm's %s %v", name, p.Name, scale(p), of, w)
			}
		}
	}
	byElement := optim.LayerDecay([]*nn.Param{{Name: "a.w"}, {Name: "a.b"}, {Name: "c.w"}}, 0.5, nil)
	if byElement(&nn.Param{Name: "a.b"}) != 0.5 || byElement(&nn.Param{Name: "c.w"}) != 1 || byElement(&nn.Param{Name: "new.w"}) != 1 {
		t.Error("layers by the first element of the names")
	}
}
