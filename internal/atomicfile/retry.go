package atomicfile

import (
	"math/rand/v2"
	"os"
	"time"
)

// How long an operation is tried again that fails because another process has the file
// open: a virus scanner or an indexer lets go within a second, a reader of weights within
// a few.
const (
	firstPause = 10 * time.Millisecond
	longPause  = 500 * time.Millisecond
	patience   = 10 * time.Second
)

// What retry uses; tests have their own.
var (
	rename  = os.Rename
	remove  = os.Remove
	isBusy  = busy
	sleep   = time.Sleep
	elapsed = time.Since
)

// Rename is os.Rename. Windows refuses to replace or to move a file that is open, which
// other systems allow: there it is tried for ten seconds.
func Rename(from, to string) error {
	return retry(patience, func() error { return rename(from, to) })
}

// Remove is os.Remove, which on Windows is tried for a second while the file is open.
func Remove(path string) error {
	return retry(patience/10, func() error { return remove(path) })
}

// retry calls try until it succeeds, fails for another reason, or has been busy too long.
// Pauses grow, and differ from those of others who wait.
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
