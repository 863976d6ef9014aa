package runfolder_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/internal/filelock"
	"github.com/euryale-ml/euryale/internal/runfolder"
)

// TestSync lets a sync and a training meet each other, and each itself.
func TestSync(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	first, err := runfolder.ClaimSync(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runfolder.ClaimSync(ctx, dir); !errors.Is(err, runfolder.ErrSyncing) || !errors.Is(err, filelock.ErrLocked) {
		t.Errorf("a second sync: %v", err)
	}
	if _, err := runfolder.Claim(dir); !errors.Is(err, filelock.ErrLocked) || !strings.Contains(err.Error(), "a sync is at work in "+dir) {
		t.Errorf("training during a sync: %v", err)
	}
	first.Release()
	train, err := runfolder.Claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runfolder.ClaimSync(ctx, dir); !errors.Is(err, filelock.ErrLocked) || errors.Is(err, runfolder.ErrSyncing) {
		t.Errorf("a sync during training: %v", err)
	}
	if _, err := runfolder.Claim(dir); !errors.Is(err, filelock.ErrLocked) || !strings.Contains(err.Error(), "another process trains in "+dir) {
		t.Errorf("training twice: %v", err)
	}
	train.Release()
	again, err := runfolder.ClaimSync(ctx, dir)
	if err != nil {
		t.Error(err)
	}
	again.Release()
}
