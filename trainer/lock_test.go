package trainer_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/internal/filelock"
	"github.com/euryale-ml/euryale/run"
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

// TestNothingIsMadeForBadSettings has settings that cannot train leave no folder.
func TestNothingIsMadeForBadSettings(t *testing.T) {
	for name, change := range map[string]func(*trainer.Config){
		"every parameter frozen": func(c *trainer.Config) { c.Freeze = []string{"*"} },
		"no such parameter":      func(c *trainer.Config) { c.Freeze = []string{"cnov.*"} },
		"a batch too large":      func(c *trainer.Config) { c.Batch, c.DropLast = 21, true },
	} {
		dir := filepath.Join(t.TempDir(), "run")
		train, test, c := setUp(t, func(c *trainer.Config) { change(c); c.Dir = dir })
		if tr, err := trainer.New(newTiny(4), train, test, c); err == nil {
			t.Errorf("%s: no error", name)
			tr.Close()
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: a folder was made", name)
		}
	}
}

// TestAFolderInUseStays starts a new run where another Trainer is about to begin: it
// changes nothing.
func TestAFolderInUseStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	first := start(t, func(c *trainer.Config) { c.Dir = dir })
	half := filepath.Join(dir, ".euryale-config.yaml-0badcafe.tmp")
	if err := os.WriteFile(half, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	train, test, c := setUp(t, func(c *trainer.Config) { c.Dir = dir })
	if _, err := trainer.New(newTiny(4), train, test, c); !errors.Is(err, trainer.ErrFolder) || !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("a second trainer: %v", err)
	}
	for _, path := range []string{half, filepath.Join(dir, run.CheckpointDir), filepath.Join(dir, "metrics.jsonl")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	second, err := trainer.New(newTiny(4), train, test, c) // the first one never made a step
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
}
