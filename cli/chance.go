package cli

import (
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// occurring is the number of classes that occur in the test set of a run's folder, else, if
// the folder does not show it, the number of the model's outputs; 0: unknown. t is the run's
// trainer and may be nil.
func occurring(dir string, t *trainer.Trainer) int {
	if s, err := run.Folder(dir).Split(); err == nil {
		if n := s.Occurring(run.TestPart); n > 0 {
			return n
		}
	}
	if all, err := run.Folder(dir).Predictions(); err == nil && len(all) > 0 {
		labels := map[int]bool{}
		for _, p := range all {
			labels[p.Label] = true
		}
		return len(labels)
	}
	if t != nil {
		return int(1/t.Chance() + 0.5)
	}
	return classCount(dir)
}
