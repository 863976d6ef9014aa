package run_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// TestSync lets a sync and a training meet each other, and each itself.
func TestSync(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	first, err := run.Folder(dir).ClaimSync(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Folder(dir).ClaimSync(ctx); !errors.Is(err, run.ErrSyncing) || !errors.Is(err, run.ErrLocked) {
		t.Errorf("a second sync: %v", err)
	}
	if _, err := run.Folder(dir).Claim(); !errors.Is(err, run.ErrLocked) || !strings.Contains(err.Error(), "a sync is at work in "+dir) {
		t.Errorf("training during a sync: %v", err)
	}
	first.Release()
	train, err := run.Folder(dir).Claim()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Folder(dir).ClaimSync(ctx); !errors.Is(err, run.ErrLocked) || errors.Is(err, run.ErrSyncing) {
		t.Errorf("a sync during training: %v", err)
	}
	if _, err := run.Folder(dir).Claim(); !errors.Is(err, run.ErrLocked) || !strings.Contains(err.Error(), "another process trains in "+dir) {
		t.Errorf("training twice: %v", err)
	}
	train.Release()
	again, err := run.Folder(dir).ClaimSync(ctx)
	if err != nil {
		t.Error(err)
	}
	again.Release()
}
