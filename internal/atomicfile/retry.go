package atomicfile

import (
	"math/rand/v2"
	"os"
	"time"
)

// Times for retrying an operation that fails because another process has the file open: a
// virus scanner or an indexer closes it within a second, a reader of weights within a few.
const (
	firstPause = 10 * time.Millisecond
	longPause  = 500 * time.Millisecond
	patience   = 10 * time.Second
)

// Used by retry; replaced in tests.
var (
	rename  = os.Rename
	remove  = os.Remove
	isBusy  = busy
	sleep   = time.Sleep
	elapsed = time.Since
)

// Rename is os.Rename. Windows, unlike other systems, refuses to replace or to move an open
// file: there Rename retries for ten seconds.
func Rename(from, to string) error {
	return retry(patience, func() error { return rename(from, to) })
}

// Remove is os.Remove; on Windows it retries for a second while the file is open.
func Remove(path string) error {
	return retry(patience/10, func() error { return remove(path) })
}

// retry calls try until it succeeds, fails for another reason, or has been busy too long.
// The pauses grow and are random, so that several processes do not retry in step.
func retry(most time.Duration, try func() error) error {
	begun := time.Now()
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		err := try()
		if err == nil || !isBusy(err) || elapsed(begun) > most {
			return err
		}
		sleep(pause/2 + rand.N(pause))
	}
}
