package cli

import (
	"errors"
	"io/fs"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/viz"
)

// readLines reads the lines of a run's metrics; a run without any has none.
func readLines(dir string) ([]run.Line, error) {
	lines, err := run.Folder(dir).Lines()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return lines, err
}

// curvesOf sorts the lines of a run's metrics into those of training and testing.
func curvesOf(lines []run.Line) (r viz.Run) {
	for _, l := range lines {
		p := viz.Point{Epoch: l.Epoch, Step: l.Step, Loss: l.Loss, Accuracy: l.Accuracy, BalancedAccuracy: l.BalancedAccuracy, LR: l.LR, Images: l.Images}
		if l.Kind == run.StepLine {
			r.Train = append(r.Train, p)
		} else {
			r.Test = append(r.Test, p)
		}
	}
	return r
}
