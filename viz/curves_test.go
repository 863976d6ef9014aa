package viz

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

func curvesOf(r Run) func(string) error {
	return func(path string) error { return Curves(path, r) }
}

func TestCurvesShowTheValues(t *testing.T) {
	img := drawn(t, curvesOf(simulated("resnet50d-oxford-iiit-pet-sgd-lr0.025-bs64-tricks", 1, 20, 20)))
	if w := img.Bounds().Dx(); w != figureWidth {
		t.Errorf("width %d, want %d", w, figureWidth)
	}
	rises := []bool{false, true, true} // y grows downwards
	for i, up := range rises {
		area := panelArea(i, 0)
		for name, c := range map[string][4]uint8{"train": {blue.R, blue.G, blue.B, 255}, "test": {orange.R, orange.G, orange.B, 255}} {
			colour := blue
			colour.R, colour.G, colour.B = c[0], c[1], c[2]
			early, late := pixels(img, third(area, 0), colour), pixels(img, third(area, 2), colour)
			if len(early) < 50 || len(late) < 50 {
				t.Fatalf("panel %d, %s: %d and %d pixels of its colour in the first and last third", i, name, len(early), len(late))
			}
			_, y0 := middle(early)
			_, y1 := middle(late)
			if (y1 < y0-30) != up || math.Abs(y1-y0) < 30 {
				t.Errorf("panel %d, %s: from height %.0f to %.0f, rises must be %v", i, name, y0, y1, up)
			}
		}
		if n := len(pixels(img, area, green)); n > 0 {
			t.Errorf("panel %d has %d pixels in the colour of the learning rate", i, n)
		}
	}
	rate := panelArea(3, 0)
	if n := len(pixels(img, rate, green)); n < 300 {
		t.Errorf("the learning rate has %d pixels", n)
	}
	if n := len(pixels(img, rate, blue)) + len(pixels(img, rate, orange)); n > 0 {
		t.Errorf("the learning rate's panel has %d pixels of other curves", n)
	}
	_, warm := middle(pixels(img, third(rate, 0), green))
	_, end := middle(pixels(img, third(rate, 2), green))
	if warm > end {
		t.Errorf("the learning rate is higher at the end")
	}
}

func TestCurvesDrawChance(t *testing.T) {
	r := simulated("run", 1, 5, 20)
	count := func(chance float64) int {
		r.Chance = chance
		img := drawn(t, curvesOf(r))
		rows := map[int]int{}
		for _, p := range pixels(img, panelArea(1, 0), subtle) {
			rows[p.Y]++
		}
		most := 0
		for _, n := range rows {
			most = max(most, n)
		}
		return most
	}
	if without, with := count(0), count(0.3); without > 100 || with < 150 {
		t.Errorf("longest grey row without chance %d, with %d pixels", without, with)
	}
}

func TestCurvesTellAccuraciesApart(t *testing.T) {
	r := simulated("run", 1, 10, 20)
	for i := range r.Test {
		r.Test[i].BalancedAccuracy = 0.3 * r.Test[i].Accuracy
	}
	img := drawn(t, curvesOf(r))
	_, accuracy := middle(pixels(img, panelArea(1, 0), orange))
	_, balanced := middle(pixels(img, panelArea(2, 0), orange))
	if lower := balanced - accuracy - float64(panelHeight+panelGap); lower < 40 {
		t.Errorf("a balanced accuracy of 0.3 of the accuracy stands %.0f pixels lower", lower)
	}
}

func TestCurvesLeaveGaps(t *testing.T) {
	r := simulated("run", 1, 10, 30)
	r.Test = nil
	for i := 100; i < 200; i++ {
		r.Train[i].Loss = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[i%3]
	}
	area := panelArea(0, 0)
	area.Min.X += 60 // the numbers of the axis
	img := drawn(t, curvesOf(r))
	centre := third(third(area, 1), 1)
	if n := len(pixels(img, centre, blue)); n > 0 {
		t.Errorf("%d pixels of a curve in its gap", n)
	}
	for _, i := range []int{0, 2} {
		if n := len(pixels(img, third(area, i), blue)); n < 100 {
			t.Errorf("%d pixels of the curve beside its gap", n)
		}
	}
}

func TestCurvesKeepOutliersOut(t *testing.T) {
	r := simulated("run", 1, 10, 30)
	calm := drawn(t, curvesOf(r))
	r.Train[0].Loss, r.Test[6].Loss = 1e5, 1e9
	wild := drawn(t, curvesOf(r))
	area := panelArea(0, 0)
	_, want := middle(pixels(calm, third(area, 2), blue))
	_, got := middle(pixels(wild, third(area, 2), blue))
	if math.Abs(got-want) > 40 {
		t.Errorf("two outliers move the end of the curve from %.0f to %.0f", want, got)
	}
}

func TestCurvesOfUnusualRuns(t *testing.T) {
	one := simulated("one step", 1, 1, 1)
	nothing := simulated("nothing finite", 1, 3, 20)
	for i := range nothing.Train {
		nothing.Train[i] = run.Point{Epoch: 1, Step: i + 1, Loss: math.NaN(), Accuracy: math.NaN(), BalancedAccuracy: math.NaN(), LR: math.Inf(1)}
	}
	nothing.Test = nil
	onlyTest := simulated(strings.Repeat("a very long name of a run ", 20), 1, 3, 20)
	onlyTest.Train = nil
	alone := simulated("a value between gaps", 1, 1, 40)
	alone.Test = nil
	for i := range alone.Train {
		if i != 20 {
			alone.Train[i].Loss = math.NaN()
		}
	}
	zero := simulated("all zero", 1, 1, 20)
	for i := range zero.Train {
		zero.Train[i] = run.Point{Epoch: 1, Step: i + 1}
	}
	huge := simulated("huge", 1, 1, 20)
	for i := range huge.Train {
		huge.Train[i].Loss, huge.Train[i].Step, huge.Train[i].LR = 1e300*float64(i), 1e9+i*1e6, 1e-12
	}
	huge.Test[0].Step = 3e9
	for _, r := range []Run{one, nothing, onlyTest, alone, zero, huge, simulated("thousands", 1, 100, 60), {Test: []run.Point{{Epoch: 1, Step: 1}}}} {
		t.Run(r.Name, func(t *testing.T) {
			img := drawn(t, curvesOf(r))
			blues := len(pixels(img, panelArea(0, 0), blue))
			if wanted := r.Name != nothing.Name && len(r.Train) > 0; (blues > 3) != wanted {
				t.Errorf("%d pixels of the training loss", blues)
			}
			if n := len(pixels(img, panelArea(0, 0), orange)); (n > 10) != (len(r.Test) > 0) {
				t.Errorf("%d pixels of the test loss", n)
			}
		})
	}
}

func TestCurvesRefuse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "curves.png")
	refused(t, Curves(path, Run{Name: "r"}), ErrEmpty, "curves.png", `run "r"`, "neither training nor test points")
	refused(t, Curves(path, Run{Train: []run.Point{{Epoch: 1, Step: 5}, {Epoch: 1, Step: 5}}}), ErrMismatch, "training point 1", "step 5 after epoch 1, step 5")
	refused(t, Curves(path, Run{Test: []run.Point{{Epoch: 2, Step: 5}, {Epoch: 1, Step: 6}}}), ErrMismatch, "test point 1", "epoch 1, step 6 after epoch 2")
	refused(t, Curves(path, Run{Test: []run.Point{{Epoch: 0, Step: 5}}}), ErrMismatch, "count from 1")
	refused(t, Curves(path, Run{Test: []run.Point{{Epoch: 1, Step: 5}}, Chance: math.NaN()}), ErrMismatch, "chance NaN")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(left) > 0 {
		t.Errorf("an error left %v", left)
	}
}

func TestSmoothed(t *testing.T) {
	line := make([]float64, 200)
	for i := range line {
		line[i] = 3 - 0.01*float64(i)
	}
	for i, y := range smoothed(line, 10) {
		if math.Abs(y-line[i]) > 1e-9 {
			t.Fatalf("value %d of a straight line becomes %v, want %v", i, y, line[i])
		}
	}
	noisy := append([]float64(nil), line...)
	for i := range noisy {
		noisy[i] += 0.2 * float64(i%2*2-1)
	}
	noisy[50] = math.NaN()
	for i, y := range smoothed(noisy, 10) {
		if i == 50 {
			if !math.IsNaN(y) {
				t.Errorf("a gap becomes %v", y)
			}
		} else if math.Abs(y-line[i]) > 0.1 {
			t.Errorf("value %d: %v, want about %v", i, y, line[i])
		}
	}
	flat := make([]float64, 100)
	flat[50] = 1e9
	if y := smoothed(flat, 1)[52]; y > 1 {
		t.Errorf("beside an outlier: %v", y)
	}
}

func TestThinned(t *testing.T) {
	xs, ys := make([]float64, 10000), make([]float64, 10000)
	for i := range xs {
		xs[i], ys[i] = float64(i), float64(i%7)
	}
	ys[1234], ys[4321], ys[9000] = 100, -100, math.NaN()
	x, y := thinned(xs, ys, 100)
	if len(x) != len(y) || len(x) > 300 {
		t.Fatalf("%d and %d values", len(x), len(y))
	}
	seen := fmt.Sprint(y)
	for _, want := range []string{" 100 ", "-100", "NaN"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is lost", want)
		}
	}
	for i := range x[1:] {
		if x[i+1] < x[i] && metrics.Finite(y[i+1]) && metrics.Finite(y[i]) {
			t.Errorf("place %v after %v", x[i+1], x[i])
		}
	}
	if x, _ := thinned(xs[:400], ys[:400], 100); len(x) != 400 {
		t.Errorf("a short curve becomes %d long", len(x))
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		axis axis
		n    int
		want string
	}{
		{axis{min: 0, max: 1.02, format: percent}, 5, "0 %|20 %|40 %|60 %|80 %|100 %"},
		{axis{min: 0, max: 0.06, format: percent}, 5, "0 %|1 %|2 %|3 %|4 %|5 %|6 %"},
		{axis{min: 0, max: 0.02, format: percent}, 5, "0.0 %|0.5 %|1.0 %|1.5 %|2.0 %"},
		{axis{min: -0.5, max: 0.5}, 5, "-0.4|-0.2|0.0|0.2|0.4"},
		{axis{min: 0.75, max: 1.25, integers: true}, 7, "1"},
		{axis{min: 0.75, max: 3.25, integers: true}, 7, "1|2|3"},
		{axis{min: 0, max: 11600, integers: true}, 7, "0|2,000|4,000|6,000|8,000|10,000"},
		{axis{min: 0, max: 1.1e-7}, 5, "0|2e-8|4e-8|6e-8|8e-8|1e-7"},
		{axis{min: 1, max: 1.75e6, integers: true}, 4, "500,000|1e6|1.5e6"},
		{axis{min: 2.01e9, max: 2.05e9, integers: true}, 4, "2.01e9|2.02e9|2.03e9|2.04e9|2.05e9"},
	} {
		var labels []string
		for _, tick := range test.axis.ticks(test.n) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, "|"); got != test.want {
			t.Errorf("%v to %v: %s, want %s", test.axis.min, test.axis.max, got, test.want)
		}
	}
}

// TestCurvesSVG draws the same run as an SVG, with its titles and numbers as text.
func TestCurvesSVG(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", run.CurvesSVGFile)
	r := Run{Name: "a <telling> name", Chance: 0.1}
	for i := 1; i <= 30; i++ {
		r.Train = append(r.Train, run.Point{Epoch: 1, Step: i, Loss: 3 - float64(i)/20, Accuracy: float64(i) / 40, BalancedAccuracy: float64(i) / 50, LR: 0.1})
	}
	r.Test = []run.Point{{Epoch: 1, Step: 30, Loss: 2, Accuracy: 0.5, BalancedAccuracy: 0.4}}
	if err := Curves(path, r); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<svg", "a &lt;telling&gt; name", "Learning rate", "Balanced accuracy", "chance 10", "test, each epoch", "</svg>"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the file lacks %q", want)
		}
	}
	if strings.Contains(string(data), "NaN") {
		t.Error("the file holds NaN")
	}
}
