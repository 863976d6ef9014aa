package metrics_test

import (
	"math"
	"testing"

	"github.com/euryale-ml/euryale/metrics"
)

func TestEpochMean(t *testing.T) {
	type step struct {
		value  float64
		images int
	}
	for _, c := range []struct {
		steps []step
		want  float64
	}{
		{nil, math.NaN()},
		{[]step{{1, 8}, {2, 8}, {5, 4}}, 2.2},
		{[]step{{1, 0}, {2, 0}, {6, 0}}, 3},
		{[]step{{1, 8}, {2, 0}, {6, 1}}, 3},
		{[]step{{1, 8}, {math.NaN(), 8}, {math.Inf(1), 0}, {4, 4}}, 2},
		{[]step{{math.NaN(), 8}}, math.NaN()},
	} {
		var m metrics.EpochMean
		for _, s := range c.steps {
			m.Add(s.value, s.images)
		}
		if got := m.Value(); math.Abs(got-c.want) > 1e-15 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%v: %v, want %v", c.steps, got, c.want)
		}
	}
}
