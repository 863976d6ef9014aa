package viz

import (
	"fmt"

	"github.com/euryale-ml/euryale/metrics"
	"github.com/euryale-ml/euryale/run"
)

// Run is the measured values of a run, as in its metrics.jsonl. A value that is not
// finite (null in the file, NaN here) is a gap in its curve.
type Run struct {
	// Name is the picture's title in Curves and the run's entry in Comparison.
	Name string
	// Train has a point a training step, Test a point an epoch; steps and, in
	// Test, epochs grow from point to point. One of the two may be empty in
	// Curves; Comparison needs Test.
	Train, Test []run.Point
	// Best is the step of the run's best evaluation; 0: that with the highest test
	// accuracy among those with a finite test loss, the earliest if several are equal.
	Best int
	// Chance is the accuracy of guessing, such as 1/37, drawn as a line; 0: none.
	Chance float64
}

// The values of a point that are drawn.
func lossOf(p run.Point) float64     { return p.Loss }
func accuracyOf(p run.Point) float64 { return p.Accuracy }
func balancedOf(p run.Point) float64 { return p.BalancedAccuracy }
func lrOf(p run.Point) float64       { return p.LR }
func stepOf(p run.Point) float64     { return float64(p.Step) }
func epochOf(p run.Point) float64    { return float64(p.Epoch) }

// check validates the run's order and values.
func (r Run) check() error {
	if len(r.Train)+len(r.Test) == 0 {
		return fmt.Errorf("%w: run %q has neither training nor test points", ErrEmpty, r.Name)
	}
	if !(r.Chance >= 0 && r.Chance <= 1) {
		return fmt.Errorf("%w: run %q has chance %v, want 0 to 1", ErrMismatch, r.Name, r.Chance)
	}
	if err := r.checkOrder("training", r.Train); err != nil {
		return err
	}
	return r.checkOrder("test", r.Test)
}

// checkOrder returns an error if steps or epochs do not grow.
func (r Run) checkOrder(split string, points []run.Point) error {
	before := run.Point{}
	for i, p := range points {
		if p.Step < 1 || p.Epoch < 1 {
			return fmt.Errorf("%w: run %q, %s point %d: epoch %d, step %d; both count from 1", ErrMismatch, r.Name, split, i, p.Epoch, p.Step)
		}
		if p.Step <= before.Step || p.Epoch < before.Epoch {
			return fmt.Errorf("%w: run %q, %s point %d: epoch %d, step %d after epoch %d, step %d", ErrMismatch, r.Name, split, i, p.Epoch, p.Step, before.Epoch, before.Step)
		}
		before = p
	}
	return nil
}

// best is the point of the best evaluation.
func (r Run) best() (run.Point, bool) {
	best, found := run.Point{}, false
	for _, p := range r.Test {
		if r.Best > 0 && p.Step == r.Best {
			return p, true
		}
		if metrics.Finite(p.Accuracy) && metrics.Finite(p.Loss) && (!found || p.Accuracy > best.Accuracy) {
			best, found = p, true
		}
	}
	return best, found
}

// last is the run's last epoch and step.
func (r Run) last() (epoch, step int) {
	for _, points := range [][]run.Point{r.Train, r.Test} {
		if n := len(points); n > 0 {
			epoch, step = max(epoch, points[n-1].Epoch), max(step, points[n-1].Step)
		}
	}
	return epoch, step
}

// gaps counts the losses that are not finite.
func (r Run) gaps() (n int) {
	for _, points := range [][]run.Point{r.Train, r.Test} {
		for _, p := range points {
			if !metrics.Finite(p.Loss) {
				n++
			}
		}
	}
	return n
}

// epochMeans returns the training losses of the epochs, see metrics.EpochMean; NaN for
// an epoch without a finite one.
func (r Run) epochMeans() (epochs, means []float64) {
	var mean metrics.EpochMean
	for i, p := range r.Train {
		mean.Add(p.Loss, p.Images)
		if i+1 == len(r.Train) || r.Train[i+1].Epoch != p.Epoch {
			epochs, means = append(epochs, float64(p.Epoch)), append(means, mean.Value())
			mean = metrics.EpochMean{}
		}
	}
	return epochs, means
}

// column returns one value of all points.
func column(points []run.Point, of func(run.Point) float64) []float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		values[i] = of(p)
	}
	return values
}
