package cli

import (
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/trainer"
)

func TestTrainedLine(t *testing.T) {
	for _, c := range []struct {
		f    trainer.Frozen
		kept bool
		want string
	}{
		{trainer.Frozen{Of: 1000}, false, ""},
		{trainer.Frozen{Parameters: 500, Of: 1500}, false, "training: 1,000 of 1,500 parameters, the others are frozen"},
		{trainer.Frozen{Parameters: 500, Of: 1500, Norms: 3}, true, "training: 1,000 of 1,500 parameters, the others are frozen; 3 BatchNorms keep their statistics"},
		{trainer.Frozen{Of: 1500, Norms: 3}, true, "training: 3 BatchNorms keep their statistics"},
		{trainer.Frozen{Of: 1500}, true, "training: model.freeze_statistics has no effect, since there is no BatchNorm"},
	} {
		if got := trained(c.f, config.Model{FreezeStatistics: c.kept}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
