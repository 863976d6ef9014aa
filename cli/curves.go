package cli

import (
	"errors"
	"io/fs"

	"github.com/euryale-ml/euryale/run"
)

// readLines reads the lines of a run's metrics; nil if the run has no file of metrics.
func readLines(dir string) ([]run.Line, error) {
	lines, err := run.Folder(dir).Lines()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return lines, err
}
