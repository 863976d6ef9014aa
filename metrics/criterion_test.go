package metrics_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/metrics"
)

func TestParseCriterion(t *testing.T) {
	for text, want := range map[string]metrics.Criterion{
		"": {"accuracy", false}, "accuracy": {"accuracy", false}, "balanced_accuracy": {"balanced_accuracy", false},
		"top5_accuracy": {"top5_accuracy", false}, "loss": {"loss", true}, "min:loss": {"loss", true},
		"f1": {"f1", false}, "min:error-rate.macro_2": {"error-rate.macro_2", true},
	} {
		got, err := metrics.ParseCriterion(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := metrics.ParseCriterion(got.String()); err != nil || again != want {
			t.Errorf("%q as text is %q, which is read as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"min:", "min:accuracy", "min:top5_accuracy", "max:f1", "-f1", "f 1", "f1\n", "1f", "é", "epoch", "lr", "min:images", "min:min:f1", strings.Repeat("a", 101)} {
		if c, err := metrics.ParseCriterion(text); !errors.Is(err, metrics.ErrName) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestBetter(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		text    string
		v, than float64
		want    bool
	}{
		{"accuracy", 0.5, 0.4, true}, {"accuracy", 0.5, 0.5, false}, {"accuracy", 0.4, 0.5, false}, {"accuracy", 0, nan, true},
		{"accuracy", nan, 0.1, false}, {"accuracy", nan, nan, false}, {"accuracy", inf, 0.1, false}, {"accuracy", 0.1, inf, true},
		{"loss", 0.4, 0.5, true}, {"loss", 0.5, 0.5, false}, {"loss", 0.6, 0.5, false}, {"loss", -inf, 0.5, false}, {"min:a", 1, 2, true},
	} {
		criterion, err := metrics.ParseCriterion(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := criterion.Better(c.v, c.than); got != c.want {
			t.Errorf("%s: %v better than %v: %v", c.text, c.v, c.than, got)
		}
	}
}
