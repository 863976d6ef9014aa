package metrics_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/metrics"
)

// The values of sklearn's accuracy_score and balanced_accuracy_score, counted by hand:
// class 0 has 2 of 3, class 1 has 1 of 1, class 3 has 0 of 2, class 2 does not occur.
var (
	truth = []int64{0, 0, 0, 1, 3, 3}
	guess = []int64{0, 2, 0, 1, 1, 0}
)

const (
	accuracy = 3.0 / 6
	balanced = (2.0/3 + 1 + 0) / 3
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) < 1e-12) && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestCuts counts the same images in batches and in merged parts.
func TestCuts(t *testing.T) {
	for cut := 0; cut <= len(truth); cut++ {
		var a, a2 metrics.Accuracy
		b, b2 := metrics.NewBalancedAccuracy(4), metrics.NewBalancedAccuracy(4)
		m, m2 := metrics.NewConfusionMatrix(4), metrics.NewConfusionMatrix(4)
		for _, add := range []func(l, p []int64) error{a.Add, b.Add, m.Add} {
			must(t, add(truth[:cut], guess[:cut]))
		}
		for _, add := range []func(l, p []int64) error{a2.Add, b2.Add, m2.Add} {
			must(t, add(truth[cut:], guess[cut:]))
		}
		a.Merge(&a2)
		must(t, b.Merge(b2))
		must(t, m.Merge(m2))
		near(t, "Accuracy", a.Value(), accuracy)
		near(t, "BalancedAccuracy", b.Value(), balanced)
		near(t, "ConfusionMatrix.Accuracy", m.Accuracy(), accuracy)
		near(t, "ConfusionMatrix.Value", m.Value(), accuracy)
		near(t, "ConfusionMatrix.BalancedAccuracy", m.BalancedAccuracy(), balanced)
	}
}

func TestConfusionMatrix(t *testing.T) {
	m := metrics.NewConfusionMatrix(4)
	must(t, m.Add(truth, guess))
	want := [][]int{{2, 0, 1, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}, {1, 1, 0, 0}}
	got := m.Counts()
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("row %d is %v, want %v", i, got[i], want[i])
		}
	}
	got[0][0] = 99
	if m.Counts()[0][0] != 2 || m.Total() != 6 || m.Classes() != 4 {
		t.Errorf("counts %v, total %d, classes %d", m.Counts(), m.Total(), m.Classes())
	}
	for i, want := range []float64{2.0 / 3, 1, math.NaN(), 0} {
		near(t, "recall", m.Recall()[i], want)
	}
	m.Reset()
	near(t, "after Reset", m.Accuracy(), math.NaN())
}

func TestTopK(t *testing.T) {
	logits := []float64{
		5, 4, 3, 2, // label 1: rank 1
		1, 1, 1, 1, // label 2: rank 2, ties by index
		0, math.NaN(), 2, 3, // label 1: never
		0, math.NaN(), 2, 3, // label 3: rank 0
	}
	labels := []int64{1, 2, 1, 3}
	for k, want := range map[int]float64{0: 0.25, 1: 0.25, 2: 0.5, 3: 0.75, 4: 0.75, 9: 0.75} {
		top, rest := metrics.NewTopK(k), metrics.NewTopK(k)
		must(t, top.Add(labels[:1], logits[:4], 4))
		must(t, rest.Add(labels[1:], logits[4:], 4))
		must(t, top.Merge(rest))
		near(t, "TopK", top.Value(), want)
		top.Reset()
		near(t, "after Reset", top.Value(), math.NaN())
	}
	if err := metrics.NewTopK(1).Merge(metrics.NewTopK(5)); !errors.Is(err, metrics.ErrClasses) {
		t.Errorf("merged top-1 and top-5: %v", err)
	}
}

func TestMean(t *testing.T) {
	var m, other metrics.Mean
	near(t, "empty", m.Value(), math.NaN())
	m.Add(2, 64)
	m.Add(math.NaN(), 0)
	other.Add(5, 32)
	m.Merge(&other)
	near(t, "Value", m.Value(), 3)
	near(t, "Weight", m.Weight(), 96)
	m.Reset()
	near(t, "after Reset", m.Value(), math.NaN())
}

func TestErrors(t *testing.T) {
	var a metrics.Accuracy
	b, m, k := metrics.NewBalancedAccuracy(3), metrics.NewConfusionMatrix(3), metrics.NewTopK(1)
	for _, c := range []struct {
		name string
		got  error
		is   error
		says string
	}{
		{"label too large", m.Add([]int64{0, 3}, []int64{0, 0}), metrics.ErrLabel, "label 1 is 3, want 0 to 2"},
		{"negative label", m.Add([]int64{-1}, []int64{0}), metrics.ErrLabel, "label 0 is -1, want 0 to 2"},
		{"bad prediction", m.Add([]int64{0, 0}, []int64{0, 7}), metrics.ErrLabel, "prediction 1 is 7"},
		{"lengths", m.Add([]int64{0}, nil), metrics.ErrLength, "1 labels, 0 predictions"},
		{"balanced", b.Add([]int64{1, 3}, []int64{1, 1}), metrics.ErrLabel, "BalancedAccuracy"},
		{"accuracy", a.Add([]int64{1, -2}, []int64{1, 1}), metrics.ErrLabel, "label 1 is -2, want at least 0"},
		{"top-k label", k.Add([]int64{2}, []float64{1, 2}, 2), metrics.ErrLabel, "want 0 to 1"},
		{"top-k logits", k.Add([]int64{0, 1}, []float64{1, 2}, 2), metrics.ErrLength, "2 labels, 2 logits of 2 classes"},
		{"top-k no classes", k.Add(nil, nil, 0), metrics.ErrLength, "of 0 classes"},
		{"merge", m.Merge(metrics.NewConfusionMatrix(4)), metrics.ErrClasses, "3 and 4 classes"},
		{"merge balanced", b.Merge(metrics.NewBalancedAccuracy(2)), metrics.ErrClasses, "3 and 2 classes"},
		{"no classes", metrics.NewConfusionMatrix(-1).Add([]int64{0}, []int64{0}), metrics.ErrLabel, "label 0 is 0"},
	} {
		if !errors.Is(c.got, c.is) || !strings.Contains(c.got.Error(), c.says) {
			t.Errorf("%s: %v, want %v with %q", c.name, c.got, c.is, c.says)
		}
	}
	for name, v := range map[string]float64{"Accuracy": a.Value(), "BalancedAccuracy": b.Value(), "ConfusionMatrix": m.Value(), "TopK": k.Value()} {
		near(t, name+" after batches with errors", v, math.NaN())
	}
}
