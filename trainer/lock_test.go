package trainer_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/internal/filelock"
	"github.com/euryale-ml/euryale/trainer"
)

// TestTwoTrainersInOneFolder resumes a run that another Trainer has open.
func TestTwoTrainersInOneFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	first := start(t, func(c *trainer.Config) { c.Dir = dir })
	train, test, c := setUp(t, func(c *trainer.Config) { c.Dir, c.Resume = dir, true })
	second, err := trainer.New(newTiny(4), train, test, c)
	if second != nil || !errors.Is(err, trainer.ErrFolder) || !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("a second trainer: %v", err)
	}
	if _, err := first.Fit(context.Background()); err != nil {
		t.Error("the first one:", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if second, err = trainer.New(newTiny(4), train, test, c); err != nil {
		t.Error("after the first one was closed:", err)
	}
	second.Close()
}
