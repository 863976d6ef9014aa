package trainer

import (
	"os"
	"path/filepath"
)

// WeightsFile is the file of weights that a path means: the file itself, or in a run's
// folder the best weights, else the last ones. It does not check that the file is there.
func WeightsFile(path string) string {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path
	}
	for _, name := range []string{filepath.Join(CheckpointDir, BestFile), filepath.Join(CheckpointDir, LastFile), BestFile, LastFile} {
		p := filepath.Join(path, name)
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p
		}
	}
	return path
}
