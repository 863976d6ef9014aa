package optim_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
)

func TestAdamWSettings(t *testing.T) {
	if err := (optim.AdamW{LR: 1e-3}).Validate(); !errors.Is(err, optim.ErrConfig) || !strings.Contains(err.Error(), "DefaultAdamW") {
		t.Errorf("zeros: error %v does not name the usual values", err)
	}
	good := optim.DefaultAdamW(1e-3)
	if want := (optim.AdamW{LR: 1e-3, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, WeightDecay: 0.01}); !reflect.DeepEqual(good, want) {
		t.Errorf("the usual values are %+v, PyTorch's %+v", good, want)
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for field, change := range map[string]func(*optim.AdamW){
		"LR": func(o *optim.AdamW) { o.LR = 0 }, "Eps": func(o *optim.AdamW) { o.Eps = math.NaN() },
		"Betas[1]": func(o *optim.AdamW) { o.Betas[1] = 1 }, "WeightDecay": func(o *optim.AdamW) { o.WeightDecay = -1 },
		"Groups[0]": func(o *optim.AdamW) { o.Groups = []optim.Group{{}} },
	} {
		o := good
		change(&o)
		if err := o.Validate(); !errors.Is(err, optim.ErrConfig) || !strings.Contains(err.Error(), "AdamW."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	good.Groups = []optim.Group{optim.NoBiasDecay(), {Match: func(p *nn.Param) bool { return p.Name == "a" }, RateScale: new(0.5)}}
	good.Scale = func(*nn.Param) float64 { return 0.25 }
	if got := good.RateScale(&nn.Param{Name: "a", Role: nn.Weight}); got != 0.125 {
		t.Errorf("the scale of a group and a layer is %v", got)
	}
}
