package runfolder

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
var syncFile = filepath.Join("track", ".sync")

// ErrSyncing is wrapped by the error of a folder that another process syncs. The error of
// one that trains wraps filelock.ErrLocked alone.
var ErrSyncing = errors.New("another sync of this run is at work")

// Sync holds a run's folder while it is sent to trackers.
type Sync struct{ sync, run *filelock.Lock }

// patience is for those who look at the lock for a moment, as inUse does.
const patience = 300 * time.Millisecond

// ClaimSync takes a run's folder to send it to trackers.
func ClaimSync(ctx context.Context, path string) (*Sync, error) {
	file := filepath.Join(path, syncFile)
	if err := atomicfile.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var s Sync
	var err error
	if s.sync, err = filelock.Wait(ctx, file, nil); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", ErrSyncing, filelock.ErrLocked)
		}
		return nil, err
	}
	if s.run, err = filelock.Acquire(filepath.Join(path, LockFile)); err != nil {
		s.Release()
		return nil, err
	}
	return &s, nil
}

// Release gives the folder back. A nil Sync is released already.
func (s *Sync) Release() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.run.Release(), s.sync.Release())
}

// inUse names what another process does in a folder whose lock it holds.
func inUse(path string) string {
	file := filepath.Join(path, syncFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return "another process trains in"
	}
	l, err := filelock.Acquire(file)
	if errors.Is(err, filelock.ErrLocked) {
		return "a sync is at work in"
	}
	l.Release()
	return "another process trains in"
}
