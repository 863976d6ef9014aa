package filelock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/euryale-ml/euryale/internal/filelock"
)

func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	first, err := filelock.Wait(t.Context(), path, func() { t.Error("waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := filelock.Wait(ctx, path, func() { cancel(stopped) }); !errors.Is(err, stopped) {
		t.Errorf("a wait that was stopped: %v", err)
	}
	if _, err := filelock.Acquire(path); !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("Acquire meanwhile: %v", err)
	}
	second, err := filelock.Wait(t.Context(), path, func() { first.Release() })
	if err != nil {
		t.Fatal("after the release:", err)
	}
	third, err := filelock.Wait(t.Context(), path, func() { second.Remove() })
	if err != nil {
		t.Fatal("after the removal:", err)
	}
	if err := third.Remove(); err != nil {
		t.Error(err)
	}
	if err := third.Remove(); err != nil {
		t.Error("removed twice:", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is still there")
	}
	if _, err := filelock.Wait(t.Context(), filepath.Join(path, "none", "x"), nil); err == nil || errors.Is(err, filelock.ErrLocked) {
		t.Errorf("in no folder: %v", err)
	}
}

// However often the file is removed, two never hold the lock.
func TestWaitWithRemoval(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	var inside atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 3 {
				l, err := filelock.Wait(t.Context(), path, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				inside.Add(-1)
				if err := l.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
