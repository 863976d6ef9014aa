package report

import "github.com/euryale-ml/euryale/run"

// curve returns one value of a run over its epochs.
type curve func(r *Run) (epochs, values []float64)

// testCurve returns a curve of values of the evaluations.
func testCurve(value func(l run.Line) float64) curve {
	return func(r *Run) (xs, ys []float64) {
		for _, l := range r.Lines {
			if l.Kind == run.EpochLine {
				xs, ys = append(xs, float64(l.Epoch)), append(ys, value(l))
			}
		}
		return xs, ys
	}
}

// trainCurve returns a curve of training values of each epoch.
func trainCurve(value func(e run.TrainEpoch) float64) curve {
	return func(r *Run) (xs, ys []float64) {
		for _, e := range run.TrainEpochs(r.Lines) {
			if v := value(e); finite(v) {
				xs, ys = append(xs, float64(e.Epoch)), append(ys, v)
			}
		}
		return xs, ys
	}
}

func lossOf(l run.Line) float64     { return l.Loss }
func accuracyOf(l run.Line) float64 { return l.Accuracy }

func trainLoss(e run.TrainEpoch) float64     { return e.Loss }
func trainAccuracy(e run.TrainEpoch) float64 { return e.Accuracy }

// charts returns the curves of the experiments on a test set.
func (r *Report) charts(set int) []chart {
	chance := r.TestSets[set].Chance
	list := []chart{
		{title: "Test accuracy", label: "of the images", share: true, level: chance},
		{title: "Test loss", label: "cross-entropy"},
		{title: "Training accuracy", label: "of the images", share: true, level: chance},
		{title: "Training loss", label: "cross-entropy, with label smoothing where the recipe sets it"},
	}
	for i, of := range []curve{testCurve(accuracyOf), testCurve(lossOf), trainCurve(trainAccuracy), trainCurve(trainLoss)} {
		for _, e := range r.Experiments {
			if e.Set == set {
				list[i].series = append(list[i].series, e.series(of)...)
			}
		}
	}
	return list
}

// series returns the mean over an experiment's runs and, if there are several, each run.
func (e *Experiment) series(of curve) (list []series) {
	sums, counts := map[float64]float64{}, map[float64]int{}
	var longest []float64
	for _, r := range e.Runs {
		xs, ys := of(r)
		if len(xs) > len(longest) {
			longest = xs
		}
		for i, x := range xs {
			if finite(ys[i]) {
				sums[x] += ys[i]
				counts[x]++
			}
		}
		if len(e.Runs) > 1 {
			list = append(list, series{index: e.Index, name: e.title(r), xs: xs, ys: ys, thin: true})
		}
	}
	mean := series{index: e.Index, name: e.Name}
	for _, x := range longest {
		if counts[x] > 0 {
			mean.xs, mean.ys = append(mean.xs, x), append(mean.ys, sums[x]/float64(counts[x]))
		}
	}
	return append([]series{mean}, list...)
}
