package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/euryale-ml/euryale/internal/atomicfile"
	"github.com/euryale-ml/euryale/internal/filelock"
)

// syncFile is the lock of the process that sends a run to trackers afterwards. It is held
// besides LockFile, so that others can see which of the two works in the folder.
const syncFile = ".sync" // in OutboxDir

// ErrSyncing is wrapped by the error of a folder that another process syncs. The error of
// one that trains wraps ErrLocked alone.
var ErrSyncing = errors.New("another sync of this run is at work")

// SyncLock is the lock of a run's folder while it is sent to trackers.
type SyncLock struct{ sync, run *filelock.Lock }

// patience is for those who look at the lock for a moment, as inUse does.
const patience = 300 * time.Millisecond

// ClaimSync takes a run's folder to send it to trackers.
func (f Folder) ClaimSync(ctx context.Context) (*SyncLock, error) {
	file := f.Path(OutboxDir, syncFile)
	if err := atomicfile.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var s SyncLock
	var err error
	if s.sync, err = filelock.Wait(ctx, file, nil); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", ErrSyncing, ErrLocked)
		}
		return nil, err
	}
	if s.run, err = filelock.Acquire(f.Path(LockFile)); err != nil {
		s.Release()
		return nil, err
	}
	return &s, nil
}

// Release gives the folder back. A nil SyncLock is released already.
func (s *SyncLock) Release() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.run.Release(), s.sync.Release())
}

// inUse names what another process does in a folder whose lock it holds.
func (f Folder) inUse() string {
	file := f.Path(OutboxDir, syncFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return "another process trains in"
	}
	l, err := filelock.Acquire(file)
	if errors.Is(err, ErrLocked) {
		return "a sync is at work in"
	}
	l.Release()
	return "another process trains in"
}
