package optim_test

import (
	"testing"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
)

// TestGroups looks at which group decides which field.
func TestGroups(t *testing.T) {
	groups := optim.Groups{
		optim.NoBiasDecay(),
		{Match: optim.Named("fc.*", "head.*"), RateScale: new(10.0)},
		{Match: optim.Named("fc.*"), RateScale: new(3.0), WeightDecay: new(0.5)},
		{Match: optim.Named("conv1.*"), RateScale: new(0.0)},
	}
	if err := groups.Validate("SGD"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		role        nn.Role
		decay, rate float64
	}{
		{"fc.weight", nn.Weight, 0.5, 10},
		{"fc.bias", nn.Bias, 0, 10}, // no decay from the first group, the rate from the second
		{"head.weight", nn.Weight, 0.1, 10},
		{"conv1.weight", nn.Weight, 0.1, 0}, // 0 is set
		{"layer1.weight", nn.Weight, 0.1, 1},
		{"layer1.bias", nn.Bias, 0, 1},
	} {
		p := &nn.Param{Name: c.name, Role: c.role}
		if decay, rate := groups.WeightDecay(p, 0.1), groups.RateScale(p); decay != c.decay || rate != c.rate {
			t.Errorf("%s: decay %v and rate × %v, want %v and %v", c.name, decay, rate, c.decay, c.rate)
		}
	}
	var none optim.Groups
	if p := (&nn.Param{}); none.WeightDecay(p, 0.1) != 0.1 || none.RateScale(p) != 1 {
		t.Error("without groups")
	}
	if optim.Named("[")(&nn.Param{Name: "["}) {
		t.Error("a malformed pattern matches")
	}
}
