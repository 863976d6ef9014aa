package cli

import (
	"errors"
	"io/fs"

	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/viz"
)

// readCurves reads the points of a run's metrics; a run without any has none.
func readCurves(dir string) (viz.Run, error) {
	var r viz.Run
	lines, err := track.ReadLog(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	return curvesOf(lines), nil
}

// curvesOf sorts the lines of a run's metrics into those of training and testing.
func curvesOf(lines []track.Line) (r viz.Run) {
	for _, l := range lines {
		p := viz.Point{Epoch: l.Epoch, Step: l.Step, Loss: l.Loss, Accuracy: l.Accuracy, BalancedAccuracy: l.BalancedAccuracy, LR: l.LR}
		if l.Kind == track.StepLine {
			r.Train = append(r.Train, p)
		} else {
			r.Test = append(r.Test, p)
		}
	}
	return r
}
