package report

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// Evaluate fills Predictions: it classifies the test set with the run's best weights and
// saves the result in the run's folder. The data must be where the run's configuration finds
// it; nothing is downloaded. An accuracy that differs from the summary's is an error: the
// images are not the same.
func (r *Run) Evaluate(ctx context.Context) error {
	if r.Predictions != nil {
		return nil
	}
	if r.Config == nil || !r.evaluated() {
		return fmt.Errorf("report: %s: %w that could be evaluated", r.base(), ErrNoRun)
	}
	c := *r.Config
	c.Model.Weights, c.Model.Freeze, c.Data.Download, c.Track = "", nil, false, nil
	t, err := trainer.FromConfig(c, trainer.WithContext(ctx))
	if err != nil {
		return err
	}
	defer t.Close()
	if was, is := r.testPart(), t.Split().Part(run.TestPart); was != nil && was.Hash != "" && is.Hash != "" && was.Hash != is.Hash {
		return fmt.Errorf("report: %s: the test images that are here are not those of the run: %s", r.base(), strings.Join(r.Split.Differences(t.Split()), "; "))
	}
	if err := t.LoadModel(run.Folder(r.Folder).Checkpoint(run.BestFile), trainer.LoadOptions{}); err != nil {
		return err
	}
	all, err := t.Predictions(ctx)
	if err != nil {
		return err
	}
	if got, want := accuracy(all), r.Summary.Best.Accuracy; math.Abs(got-want) > 2.5/float64(len(all)) {
		return fmt.Errorf("report: %s: the best weights reach %s on the test images that are here, and %s in the run: the images are others",
			r.base(), percent(got), percent(want))
	}
	r.Predictions, r.Classes = all, t.Classes()
	return run.Folder(r.Folder).WritePredictions(all)
}

// accuracy is the share of correct predictions.
func accuracy(all []run.Prediction) float64 {
	right := 0
	for _, p := range all {
		if p.Predicted == p.Label {
			right++
		}
	}
	return float64(right) / float64(max(1, len(all)))
}
