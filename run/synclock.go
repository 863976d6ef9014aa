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

// syncFile is the lock of a process that sends a run to trackers after training. It is held
// besides LockFile, so that other processes can distinguish a sync from training.
const syncFile = ".sync" // in OutboxDir

// ErrSyncing is wrapped by errors about a folder that another process is syncing. If the
// other process trains, the error wraps only ErrLocked.
var ErrSyncing = errors.New("another sync of this run is at work")

// SyncLock is the lock of a run's folder while it is sent to trackers.
type SyncLock struct{ sync, run *filelock.Lock }

// patience is how long ClaimSync waits for processes that hold the lock only for a moment,
// as inUse does.
const patience = 300 * time.Millisecond

// ClaimSync locks a run's folder to send the run to trackers.
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

// Release releases the folder. It does nothing on a nil SyncLock.
func (s *SyncLock) Release() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.run.Release(), s.sync.Release())
}

// inUse describes what the process that holds the lock does in the folder.
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
