package viz

import (
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// Curves writes to path, as an SVG if it ends in .svg and else as a PNG, four panels over
// the steps of a run: loss, accuracy, balanced accuracy and learning rate. Training is a
// faded line of each step under a smoothed one, testing a dot an epoch, chance a dashed
// line. Values far above all others are clipped; a dot is then a triangle at the edge. A
// run without points, or whose steps do not grow, is an error.
func Curves(path string, r Run) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("viz: %s: %w", path, err)
	}
	accuracy := r.over("Accuracy", accuracyOf)
	balanced := r.over("Balanced accuracy", balancedOf)
	for _, p := range []*panel{&accuracy, &balanced} {
		p.y.label, p.y.format = "of the images", percent
		var all [][]float64
		for _, c := range p.curves {
			all = append(all, c.ys)
		}
		p.y.min, p.y.max = shareRange(append(all, []float64{r.Chance})...)
		if r.Chance > 0 {
			level := chanceLevel(r.Chance, p.x)
			level.name = "chance " + shortPercent(r.Chance)
			p.curves = append(p.curves, level)
		}
	}
	balanced.y.label = "mean recall"
	title := r.Name
	if title == "" {
		title = "Training curves"
	}
	panels := []panel{r.over("Loss", lossOf), accuracy, balanced, r.rates()}
	if isSVG(path) {
		return panelsSVG(path, title, r.subtitle(), panels)
	}
	f := newFigure(title, r.subtitle(), 4, 0)
	f.panels(panels)
	return WritePNG(path, f.img)
}

// subtitle summarises the run in a line.
func (r Run) subtitle() string {
	epochs, steps := r.last()
	parts := []string{inwords.CountGrouped(epochs, "epoch"), inwords.CountGrouped(steps, "step")}
	if best, ok := r.best(); ok {
		parts = append(parts, fmt.Sprintf("best test accuracy %s in epoch %d", shortPercent(best.Accuracy), best.Epoch))
	}
	if n := r.gaps(); n > 0 {
		parts = append(parts, inwords.CountGrouped(n, "loss")+" not finite, left out")
	}
	return strings.Join(parts, "  ·  ")
}

// over is the panel of one value of training and testing over the steps.
func (r Run) over(title string, of func(run.Point) float64) panel {
	_, last := r.last()
	p := panel{title: title, x: axis{label: "step", integers: true}, y: axis{label: "cross-entropy"}}
	p.x.min, p.x.max = stepRange(last)
	raw, test := column(r.Train, of), column(r.Test, of)
	p.y.min, p.y.max = valueRange(raw, test)
	p.curves = trainCurves(column(r.Train, stepOf), raw, p.y.max)
	if len(test) > 0 {
		p.curves = append(p.curves, curve{
			name: "test, each epoch", xs: column(r.Test, stepOf), ys: test,
			colour: orange, width: 1.6, radius: dotRadius(len(test)),
		})
	}
	return p
}

// minSmoothed is the least number of steps for which a smoothed line is drawn.
const minSmoothed = 10

// trainCurves returns the values of each training step and, from minSmoothed steps on,
// their trend, in which values above limit count as limit.
func trainCurves(xs, ys []float64, limit float64) []curve {
	const buckets = figureWidth / panelColumns
	raw := curve{name: "train, each step", colour: faded(blue, 0.3), width: 1.2}
	raw.xs, raw.ys = thinned(xs, ys, buckets)
	if len(ys) == 0 {
		return nil
	}
	if len(ys) < minSmoothed {
		raw.colour, raw.width, raw.radius = blue, 1.6, 3
		return []curve{raw}
	}
	trend := curve{name: "smoothed", colour: blue, width: 2.2}
	trend.xs, trend.ys = thinned(xs, smoothed(ys, limit), buckets)
	return []curve{raw, trend}
}

// rates is the panel of the learning rate.
func (r Run) rates() panel {
	_, last := r.last()
	p := panel{title: "Learning rate", x: axis{label: "step", integers: true}, y: axis{label: "learning rate"}}
	p.x.min, p.x.max = stepRange(last)
	lr := column(r.Train, lrOf)
	top := 0.0
	for _, v := range lr {
		if metrics.Finite(v) {
			top = max(top, v)
		}
	}
	if top == 0 {
		top = 1
	}
	p.y.max = 1.08 * top
	c := curve{name: "of each step", colour: green, width: 2.2}
	if len(lr) < minSmoothed {
		c.radius = 3
	}
	c.xs, c.ys = thinned(column(r.Train, stepOf), lr, figureWidth/panelColumns)
	p.curves = []curve{c}
	return p
}

// dotRadius is smaller the more dots a panel has; 0 if they would touch.
func dotRadius(n int) float64 {
	switch {
	case n <= 30:
		return 4
	case n <= 60:
		return 3
	case n <= 120:
		return 2
	}
	return 0
}

// shortPercent formats a share in percent, with one decimal place at most.
func shortPercent(v float64) string { return percent(v, 0.001) }
