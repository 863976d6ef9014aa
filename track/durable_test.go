package track

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// stateOf reads state.json of a test's outbox.
func stateOf(t *testing.T, dir string) (s state) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, run.OutboxDir, "fake", stateFile))
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSyncedBeforeCounted cuts the records' file to what was on the disk each time that a
// state was written: a loss of power then leaves no state that counts a record which is
// not there.
func TestSyncedBeforeCounted(t *testing.T) {
	t.Cleanup(func() { syncFile = (*os.File).Sync }) // after the outboxes are closed
	dir, onDisk := t.TempDir(), int64(0)
	syncFile = func(f *os.File) error {
		info, err := f.Stat()
		if err == nil {
			onDisk = info.Size()
		}
		return err
	}
	var s fakeSink
	b := openTest(t, dir, &s, nil)
	for last := 3; last <= 12; last += 3 {
		tell(b, last-2, last)
		flush(t, b)
		if done := stateOf(t, dir).Done; done != int64(last) {
			t.Errorf("state counts %d of %d", done, last)
		}
		if info, err := os.Stat(filepath.Join(dir, run.OutboxDir, "fake", recordsFile)); err != nil || info.Size() != onDisk {
			t.Errorf("%d bytes of %d are on the disk, %v", onDisk, info.Size(), err)
		}
	}
	b.Close()
	tail := openTest(t, dir, &fakeSink{script: func(int, []Record) (int, error) { return 0, errors.New("down") }}, nil)
	tell(tail, 13, 15)
	tail.Close()
	if info, err := os.Stat(filepath.Join(dir, run.OutboxDir, "fake", recordsFile)); err != nil || info.Size() != onDisk {
		t.Errorf("at the end %d bytes of %d are on the disk, %v", onDisk, info.Size(), err)
	}
}

// TestSyncFails has a disk that does not take what is to be on it: nothing is counted,
// sending continues, and what was sent may be sent again later.
func TestSyncFails(t *testing.T) {
	t.Cleanup(func() { syncFile = (*os.File).Sync }) // after the outboxes are closed
	dir, broken := t.TempDir(), errors.New("input/output error")
	syncFile = func(*os.File) error { return broken }
	var first, second fakeSink
	b := openTest(t, dir, &first, nil)
	tell(b, 1, 5)
	flush(t, b)
	if d := b.Delivery(); d.Sent != 5 || d.Left != 0 || !errors.Is(d.Err, broken) || stateOf(t, dir).Done != 0 {
		t.Errorf("%+v, state %+v", d, stateOf(t, dir))
	}
	b.Close()
	syncFile = (*os.File).Sync
	again := openTest(t, dir, &second, nil)
	flush(t, again)
	if len(second.steps()) != 5 || stateOf(t, dir).Done != 5 {
		t.Errorf("then %v, state %+v", second.steps(), stateOf(t, dir))
	}
}
