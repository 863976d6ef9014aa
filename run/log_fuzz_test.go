package run_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// readFile is a file's contents; nil if it is not there.
func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return data
}

// FuzzLog opens any metrics, cuts them, and resumes in them. What is left is a prefix of
// what was there; nothing changes where an error is returned.
func FuzzLog(f *testing.F) {
	step := `{"kind":"step","epoch":1,"step":%,"split":"train","loss":1,"accuracy":0,"balanced_accuracy":null,"time":"2026-01-02T03:04:05.000Z","lr":0.1,"images_per_second":7,"images":3}` + "\n"
	epoch := `{"kind":"epoch","epoch":1,"step":2,"split":"test","loss":1,"time":"2026-01-02T03:04:05Z","metrics":{"own":2}}` + "\n"
	line := func(n string) string { return string(bytes.ReplaceAll([]byte(step), []byte("%"), []byte(n))) }
	f.Add([]byte(line("1")+line("2")+epoch+line("3")), 2, true)
	f.Add([]byte(line("1")+line("2")+epoch+"{torn"), 2, false)
	f.Add([]byte(line("1")+"\x00\x00\x00\n"+line("3")), 1, false)
	f.Add([]byte(line("3")+line("1")), 0, true)
	f.Fuzz(func(t *testing.T, data []byte, step int, evaluated bool) {
		dir := t.TempDir()
		path := filepath.Join(dir, run.LinesFile)
		// check compares the metrics with what they were, and the CSV with them.
		check := func(what string, before []byte, err error) {
			after := readFile(t, path)
			if err != nil {
				if !bytes.Equal(before, after) {
					t.Errorf("%s: an error and %d bytes of %d: %v", what, len(after), len(before), err)
				}
				return
			}
			lines, rerr := run.Folder(dir).Lines()
			if rerr != nil || !bytes.HasPrefix(before, after) {
				t.Fatalf("%s: %q of %q, %v", what, after, before, rerr)
			}
			rows, cerr := csv.NewReader(bytes.NewReader(readFile(t, filepath.Join(dir, run.CSVFile)))).ReadAll()
			if cerr != nil || len(rows) != len(lines)+1 {
				t.Errorf("%s: %d rows for %d lines, %v", what, len(rows), len(lines), cerr)
			}
		}
		write := func() {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write()
		l, err := run.Folder(dir).OpenLog()
		check("open", data, err)
		if err == nil {
			before := readFile(t, path)
			err := l.Cut(step, evaluated)
			l.Close()
			check("cut", before, err)
		}
		write()
		l, err = run.Folder(dir).ResumeLog(max(step, 0), evaluated)
		check("resume", data, err)
		if err != nil {
			return
		}
		l.Close()
		lines, _ := run.Folder(dir).Lines()
		for _, line := range lines {
			if line.Step > max(step, 0) {
				t.Errorf("step %d after resuming at %d", line.Step, step)
			}
		}
	})
}
