package report

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/run"
)

// TestTrainCurve draws the mean over the images of each epoch, a short last batch included.
func TestTrainCurve(t *testing.T) {
	step := func(epoch, step, images int, loss float64) run.Line {
		return run.Point{Epoch: epoch, Step: step, Loss: loss, Accuracy: loss / 4, Images: images}.Line(time.Time{})
	}
	r := &Run{Lines: []run.Line{
		step(1, 1, 8, 1), step(1, 2, 2, 3.5), run.Scores{Point: run.Point{Epoch: 1, Step: 2, Loss: 9}, Top5Accuracy: math.NaN()}.Line(time.Time{}), step(2, 3, 0, 1), step(2, 4, 0, 2),
	}}
	xs, ys := trainCurve(trainLoss)(r)
	if !slices.Equal(xs, []float64{1, 2}) || !slices.Equal(ys, []float64{1.5, 1.5}) {
		t.Errorf("losses %v at %v", ys, xs)
	}
	if _, ys := trainCurve(trainAccuracy)(r); !slices.Equal(ys, []float64{0.375, 0.375}) {
		t.Errorf("accuracies %v", ys)
	}
}

// TestNoBestEpoch has a run whose test losses were never finite.
func TestNoBestEpoch(t *testing.T) {
	r := &Run{Folder: "never", Summary: &run.Report{Name: "never", Status: run.Finished, Last: &run.Scores{Point: run.Point{Epoch: 3, Accuracy: 0.25}}}}
	all, err := New([]*Run{r, {Folder: "fine", Summary: &run.Report{
		Name: "fine", Status: run.Finished, BestBy: "loss", Saturated: true, Best: &run.Scores{Point: run.Point{Epoch: 1, Accuracy: 0.5}}, Last: &run.Scores{Point: run.Point{Epoch: 12, Accuracy: 0.5}},
	}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := all.statuses(); len(got) == 0 || got[0] != "No epoch of never is its best, since its test loss was never finite. The last test accuracy was 25.0 %." {
		t.Errorf("%q", got)
	}
	if got := all.saturation(); len(got) == 0 || got[0] != "Saturated, without a better value of the metric that chooses their best epochs in their last 10 epochs: fine (best in epoch 1 of 12, 11 epochs ago)." {
		t.Errorf("%q", got)
	}
}
