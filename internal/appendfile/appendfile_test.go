package appendfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/internal/appendfile"
)

func open(t *testing.T, path string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestAppend fails in the ways that a file can, and appends again.
func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	f, closed, reading := open(t, path, os.O_RDWR|os.O_CREATE), open(t, path, os.O_RDWR), open(t, path, os.O_RDONLY)
	closed.Close()
	var end appendfile.End
	for _, c := range []struct {
		to   *os.File
		text string
		good bool
	}{{f, "one\n", true}, {closed, "lost\n", false}, {f, "two\n", true}, {reading, "lost\n", false}, {reading, "lost\n", false}, {f, "three\n", true}} {
		if err := end.Append(c.to, []byte(c.text)); (err == nil) != c.good {
			t.Errorf("%q: %v", c.text, err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one\ntwo\nthree\n" || end.At != int64(len(got)) || end.Torn() {
		t.Errorf("%q, %v, end %+v", got, err, end)
	}
}

// TestTorn has a part of a longer write in the file, which could not be cut off then.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	f, reading := open(t, path, os.O_RDWR|os.O_CREATE), open(t, path, os.O_RDONLY)
	var end appendfile.End
	if err := end.Append(f, []byte("one\n")); err != nil {
		t.Fatal(err)
	}
	if end.Append(reading, []byte("a long line\n")) == nil || !end.Torn() {
		t.Fatal("written through a file that is open for reading")
	}
	if _, err := f.WriteAt([]byte("a long li"), end.At); err != nil {
		t.Fatal(err)
	}
	if err := end.Append(f, []byte("two\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("%q, %v", got, err)
	}
}
