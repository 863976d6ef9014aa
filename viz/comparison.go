package viz

import (
	"fmt"
	"strconv"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
	"gonum.org/v1/plot/vg"
)

// ComparisonFile is the usual name of the picture of Comparison.
const ComparisonFile = "comparison.png"

// Comparison writes to path, as PNG, the curves of several runs over the epochs:
// accuracy, loss and balanced accuracy on the test set, and the mean training loss
// of each epoch, below a table of the runs with their best epoch. After eight colours
// the same colours are used with dashes. The chance level is drawn if all runs that have
// one have the same. Runs without test points or without a name are errors.
func Comparison(path string, runs []Run) error {
	if len(runs) == 0 {
		return fmt.Errorf("viz: %s: %w: no runs", path, ErrEmpty)
	}
	for i, r := range runs {
		err := r.check()
		switch {
		case err != nil:
		case r.Name == "":
			err = fmt.Errorf("%w: run %d has no name", ErrMismatch, i+1)
		case len(r.Test) == 0:
			err = fmt.Errorf("%w: run %q has no test points", ErrEmpty, r.Name)
		}
		if err != nil {
			return fmt.Errorf("viz: %s: %w", path, err)
		}
	}
	chance := commonChance(runs)
	panels := []panel{
		comparePanel("Test accuracy", runs, testCurve(accuracyOf), chance),
		comparePanel("Test loss", runs, testCurve(lossOf), -1),
		comparePanel("Test balanced accuracy", runs, testCurve(balancedOf), chance),
		comparePanel("Training loss", runs, Run.epochMeans, -1),
	}
	panels[0].y.label, panels[1].y.label = "of the images", "cross-entropy"
	panels[2].y.label, panels[3].y.label = "mean recall", "mean of the epoch"
	title := "Comparison of " + inwords.CountGrouped(len(runs), "run")
	subtitle := "by epoch"
	if chance > 0 {
		subtitle += "  ·  dashed grey: chance, " + shortPercent(chance)
	}
	f := newFigure(title, subtitle, len(panels), tableHeight(runs))
	f.table(runs)
	f.panels(panels)
	return WritePNG(path, f.img)
}

// testCurve returns a function for one value of a run's test points over the epochs.
func testCurve(of func(run.Point) float64) func(Run) (xs, ys []float64) {
	return func(r Run) (xs, ys []float64) { return column(r.Test, epochOf), column(r.Test, of) }
}

// commonChance is the chance level of the runs that have one, 0 if they differ.
func commonChance(runs []Run) (chance float64) {
	for _, r := range runs {
		if r.Chance > 0 && chance > 0 && r.Chance != chance {
			return 0
		}
		chance = max(chance, r.Chance)
	}
	return chance
}

// runCurve returns a curve in the style of run i; the caller fills in the values.
func runCurve(i int) curve {
	dashes := [][]vg.Length{nil, {8, 4}, {2, 3}, {9, 3, 2, 3}}
	n := len(seriesColours)
	return curve{colour: seriesColours[i%n], width: 2.2, dashes: dashes[i/n%len(dashes)]}
}

// comparePanel is the panel of one value of all runs. With a chance of 0 or more the
// values are shares.
func comparePanel(title string, runs []Run, values func(Run) (xs, ys []float64), chance float64) panel {
	p := panel{title: title, x: axis{label: "epoch", integers: true}}
	last := 1
	all := [][]float64{{max(0, chance)}}
	for i, r := range runs {
		c := runCurve(i)
		c.xs, c.ys = values(r)
		c.radius = min(3, dotRadius(len(c.xs)))
		p.curves, all = append(p.curves, c), append(all, c.ys)
		epochs, _ := r.last()
		last = max(last, epochs)
	}
	p.x.min, p.x.max = stepRange(last)
	if chance < 0 {
		p.y.min, p.y.max = valueRange(all[1:]...)
		return p
	}
	p.y.format = percent
	p.y.min, p.y.max = shareRange(all...)
	if chance > 0 {
		p.curves = append(p.curves, chanceLevel(chance, p.x))
	}
	return p
}

// rowHeight is the height of a row of the table of runs.
const rowHeight = 24

func tableHeight(runs []Run) int { return (len(runs)+1)*rowHeight + 20 }

// table lists the runs with the colours of their curves at f.y, and advances f.y.
func (f *figure) table(runs []Run) {
	bold, plain := newWriter(f.img, 14, true), newWriter(f.img, 15, false)
	defer bold.Close()
	defer plain.Close()
	names := 0
	for _, r := range runs {
		names = max(names, plain.width(r.Name))
	}
	columns := []int{figureMargin + swatchWidth + 10, 0, 0, 0, 0}
	for i, width := range []int{min(names, 660) + 40, 120, 110, 100} {
		columns[i+1] = columns[i] + width
	}
	f.line(bold, columns, []string{"run", "best test", "balanced", "test loss", "in epoch"}, subtle)
	f.y += rowHeight
	for i, r := range runs {
		c := runCurve(i)
		c.radius = 3
		f.swatch(c, figureMargin, f.y+plain.height/2)
		words := []string{r.Name, "–", "–", "–", "–"}
		if best, ok := r.best(); ok {
			epochs, _ := r.last()
			words = []string{
				r.Name, shortPercent(best.Accuracy), orDash(best.BalancedAccuracy, shortPercent(best.BalancedAccuracy)),
				orDash(best.Loss, strconv.FormatFloat(best.Loss, 'f', 3, 64)), fmt.Sprintf("%d of %d", best.Epoch, epochs),
			}
		}
		f.line(plain, columns, words, ink)
		f.y += rowHeight
	}
	f.y += 20
}

// orDash is the text of a value, or a dash if that is not finite.
func orDash(v float64, text string) string {
	if metrics.Finite(v) {
		return text
	}
	return "–"
}
