package filelock

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// lookEvery is the pause before a held lock is tried again.
const lookEvery = 100 * time.Millisecond

// Wait takes the lock at path as Acquire does, but waits while it is held elsewhere. If ctx
// ends first, the error wraps its cause. waiting, if not nil, is called once, before the first
// pause.
func Wait(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for {
		l, err := Acquire(path)
		if !errors.Is(err, ErrLocked) {
			return l, err
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", path, context.Cause(ctx))
		case <-time.After(lookEvery):
		}
	}
}
