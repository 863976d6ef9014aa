package viz

import (
	"fmt"
	"image"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

func TestComparisonShowsEachRun(t *testing.T) {
	var runs []Run
	for i := range 4 {
		r := simulated(fmt.Sprintf("run-%d", i), uint64(i), 10, 5)
		for j := range r.Test { // later runs are worse
			r.Test[j].Accuracy *= 1 - 0.2*float64(i)
			r.Test[j].BalancedAccuracy *= 0.5 - 0.1*float64(i)
			r.Test[j].Loss *= 1 + 0.2*float64(i)
		}
		for j := range r.Train {
			r.Train[j].Loss = (5 - r.Train[j].Loss) * (1 + 0.2*float64(i)) // rises, unlike the test's
		}
		runs = append(runs, r)
	}
	img := drawn(t, func(path string) error { return Comparison(path, runs) })
	extra := tableHeight(runs)
	table := image.Rect(0, newFigure("", "", 4, 0).y, figureWidth, newFigure("", "", 4, 0).y+extra)
	for p, up := range []bool{true, false, true, true} {
		area := panelArea(p, extra)
		_, y0 := middle(pixels(img, third(area, 0), runCurve(0).colour))
		_, y1 := middle(pixels(img, third(area, 2), runCurve(0).colour))
		if (y1 < y0) != up || math.Abs(y1-y0) < 30 {
			t.Errorf("panel %d: from height %.0f to %.0f, rises must be %v", p, y0, y1, up)
		}
	}
	_, accuracy := middle(pixels(img, panelArea(0, extra), runCurve(0).colour))
	_, balanced := middle(pixels(img, panelArea(2, extra), runCurve(0).colour))
	if d := balanced - accuracy - float64(panelHeight+panelGap); math.Abs(d) < 10 {
		t.Errorf("balanced accuracy of half the accuracy stands %.0f pixels lower", d)
	}
	last := 0.0
	for i := range runs {
		c := runCurve(i).colour
		if n := len(pixels(img, table, c)); n < 20 {
			t.Errorf("run %d has %d pixels of its colour in the table", i, n)
		}
		for p := range 4 {
			if n := len(pixels(img, panelArea(p, extra), c)); n < 100 {
				t.Errorf("run %d has %d pixels in panel %d", i, n, p)
			}
		}
		_, y := middle(pixels(img, third(panelArea(0, extra), 2), c))
		if y < last {
			t.Errorf("run %d ends above the better run before it", i)
		}
		last = y
	}
}

func TestComparisonOfUnusualRuns(t *testing.T) {
	var many []Run
	for i := range 34 {
		many = append(many, simulated(strings.Repeat("long-name-", 20)+fmt.Sprint(i), uint64(i), 1+i%3, 1))
	}
	lost := simulated("diverged", 1, 3, 2)
	for i := range lost.Test {
		lost.Test[i].Loss, lost.Test[i].Accuracy, lost.Train[i].Loss = math.NaN(), math.NaN(), math.NaN()
	}
	lost.Chance = 0.1
	half := simulated("best without a loss", 1, 3, 2)
	half.Test[2].Loss, half.Test[2].BalancedAccuracy = math.Inf(1), math.NaN()
	bare := simulated("no training lines", 1, 200, 1)
	bare.Train = nil
	for _, runs := range [][]Run{many, {lost}, {lost, half, bare}} {
		img := drawn(t, func(path string) error { return Comparison(path, runs) })
		if got, want := img.Bounds().Dy(), newFigure("", "", 4, tableHeight(runs)).height; got != want {
			t.Errorf("%d runs: height %d, want %d", len(runs), got, want)
		}
	}
	if len(many) > 2*len(seriesColours) {
		a, b := runCurve(0), runCurve(len(seriesColours))
		if a.colour != b.colour || fmt.Sprint(a.dashes) == fmt.Sprint(b.dashes) {
			t.Errorf("runs of one colour have the same dashes")
		}
	}
}

func TestComparisonRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.png")
	ok := simulated("ok", 1, 2, 2)
	bare := ok
	bare.Name, bare.Test = "bare", nil
	unnamed := ok
	unnamed.Name = ""
	refused(t, Comparison(path, nil), ErrEmpty, "c.png", "no runs")
	refused(t, Comparison(path, []Run{ok, bare}), ErrEmpty, `run "bare" has no test points`)
	refused(t, Comparison(path, []Run{ok, unnamed}), ErrMismatch, "run 2 has no name")
	refused(t, Comparison(path, []Run{ok, {Name: "none"}}), ErrEmpty, `run "none"`)
}

func TestEpochMeans(t *testing.T) {
	r := Run{Train: []run.Point{{Epoch: 1, Step: 1, Loss: 4}, {Epoch: 1, Step: 2, Loss: 2}, {Epoch: 1, Step: 3, Loss: math.NaN()}, {Epoch: 2, Step: 4, Loss: math.Inf(1)}, {Epoch: 4, Step: 5, Loss: 1}}}
	epochs, means := r.epochMeans()
	if got, want := fmt.Sprint(epochs, means), "[1 2 4] [3 NaN 1]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
