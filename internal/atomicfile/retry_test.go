package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var errBusy = errors.New("the file is open elsewhere")

// simulate has renames and removals fail for so long, on a clock of its own, and counts
// the tries.
func simulate(t *testing.T, blocked time.Duration, failure error) (tries *int) {
	t.Helper()
	clock := time.Duration(0)
	tries = new(int)
	fail := func() error {
		if *tries++; clock < blocked {
			return &os.PathError{Op: "rename", Path: "x", Err: failure}
		}
		return nil
	}
	rename = func(from, to string) error {
		if err := fail(); err != nil {
			return err
		}
		return os.Rename(from, to)
	}
	remove = func(path string) error {
		if err := fail(); err != nil {
			return err
		}
		return os.Remove(path)
	}
	isBusy = func(err error) bool { return errors.Is(err, errBusy) }
	sleep = func(d time.Duration) {
		if d <= 0 || d > 2*longPause {
			t.Errorf("a pause of %v", d)
		}
		clock += d
	}
	elapsed = func(time.Time) time.Duration { return clock }
	t.Cleanup(func() { rename, remove, isBusy, sleep, elapsed = os.Rename, os.Remove, busy, time.Sleep, time.Since })
	return tries
}

func TestRetry(t *testing.T) {
	for _, c := range []struct {
		name    string
		blocked time.Duration
		failure error
		works   bool
		tries   [2]int // least and most, that of a removal included
	}{
		{"free", 0, errBusy, true, [2]int{1, 1}},
		{"open for a moment", 100 * time.Millisecond, errBusy, true, [2]int{2, 20}},
		{"open for some seconds", 8 * time.Second, errBusy, true, [2]int{10, 60}},
		{"open for ever", time.Hour, errBusy, false, [2]int{10, 80}},
		{"another failure", time.Hour, os.ErrPermission, false, [2]int{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "best.safetensors")
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			tries := simulate(t, c.blocked, c.failure)
			err := Write(path, 0o644, func(w io.Writer) error { _, err := w.Write([]byte("new")); return err })
			if (err == nil) != c.works || *tries < c.tries[0] || *tries > c.tries[1] {
				t.Errorf("%v after %d tries", err, *tries)
			}
			want := "old"
			if c.works {
				want = "new"
			} else if !errors.Is(err, c.failure) {
				t.Errorf("the error is %v", err)
			}
			if got, _ := os.ReadFile(path); string(got) != want {
				t.Errorf("the file has %q, want %q", got, want)
			}
		})
	}
}

// TestCleanLeavesOpenFiles cleans a folder where a scanner has a temporary file open.
func TestCleanLeavesOpenFiles(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, Prefix+"x-00000001"+Suffix)
	if err := os.WriteFile(left, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	simulate(t, time.Hour, errBusy)
	if err := Clean(dir); err != nil {
		t.Errorf("a file in use: %v", err)
	}
	if err := Remove(left); !errors.Is(err, errBusy) {
		t.Errorf("removed: %v", err)
	}
	simulate(t, time.Hour, os.ErrPermission)
	if err := Clean(dir); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a file that may not be removed: %v", err)
	}
}
