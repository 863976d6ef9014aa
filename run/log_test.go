package run

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

var nan = math.NaN()

var at = time.Date(2025, 3, 1, 12, 30, 0, 250e6, time.UTC)

func stepLine(step int) Line {
	return Point{Epoch: 1, Step: step, Loss: 1.5, Accuracy: 0.25, BalancedAccuracy: 0.2, LR: 1e-3, ImagesPerSecond: 7.5}.Line(at)
}

func epochLine(step int) Line {
	return Scores{Point: Point{Epoch: 1, Step: step, Loss: 2, Accuracy: 0.5, BalancedAccuracy: 0.4}, Top5Accuracy: math.NaN()}.Line(at)
}

// same compares lines in which a number may be NaN.
func same(a, b Line) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *Log {
	t.Helper()
	l, err := Folder(dir).OpenLog()
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func fill(t *testing.T, dir string) *Log {
	t.Helper()
	l := open(t, dir)
	for _, line := range []Line{stepLine(1), stepLine(2), epochLine(2), stepLine(3)} {
		must(t, l.Append(line))
	}
	return l
}

func contents(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return string(data)
}

// TestFormat reads the files to the letter, while the log is open.
func TestFormat(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	l := open(t, dir)
	must(t, l.Append(stepLine(1)))
	bad := epochLine(1)
	bad.Loss, bad.Accuracy, bad.BalancedAccuracy = math.NaN(), math.Inf(1), math.Inf(-1)
	must(t, l.Append(bad))
	must(t, l.Sync())
	want := `{"kind":"step","epoch":1,"step":1,"split":"train","loss":1.5,"accuracy":0.25,"balanced_accuracy":0.2,"time":"2025-03-01T12:30:00.250Z","lr":0.001,"images_per_second":7.5}
{"kind":"epoch","epoch":1,"step":1,"split":"test","loss":null,"accuracy":null,"balanced_accuracy":null,"time":"2025-03-01T12:30:00.250Z"}
`
	if got := contents(t, dir, LinesFile); got != want {
		t.Errorf("JSONL:\n%s\nwant\n%s", got, want)
	}
	want = `kind,epoch,step,split,loss,accuracy,balanced_accuracy,time,lr,images_per_second,top5_accuracy
step,1,1,train,1.5,0.25,0.2,2025-03-01T12:30:00.250Z,0.001,7.5,
epoch,1,1,test,,,,2025-03-01T12:30:00.250Z,,,
`
	if got := contents(t, dir, CSVFile); got != want {
		t.Errorf("CSV:\n%s\nwant\n%s", got, want)
	}
	lines, err := Folder(dir).Lines()
	must(t, err)
	if len(lines) != 2 || lines[0] != stepLine(1) || !math.IsNaN(lines[1].Loss) || !math.IsNaN(lines[1].Accuracy) {
		t.Errorf("read back %+v", lines)
	}
}

// TestCut compares what stays with what must.
func TestCut(t *testing.T) {
	for _, c := range []struct {
		step      int
		evaluated bool
		want      []Line
	}{
		{0, false, nil},
		{1, true, []Line{stepLine(1)}},
		{2, false, []Line{stepLine(1), stepLine(2)}},
		{2, true, []Line{stepLine(1), stepLine(2), epochLine(2)}},
		{3, true, []Line{stepLine(1), stepLine(2), epochLine(2), stepLine(3)}},
		{9, false, []Line{stepLine(1), stepLine(2), epochLine(2), stepLine(3)}},
	} {
		dir := t.TempDir()
		l := fill(t, dir)
		must(t, l.Cut(c.step, c.evaluated))
		must(t, l.Append(stepLine(4)))
		fresh := t.TempDir()
		same := open(t, fresh)
		for _, line := range append(c.want, stepLine(4)) {
			must(t, same.Append(line))
		}
		for _, name := range []string{LinesFile, CSVFile} {
			if got, want := contents(t, dir, name), contents(t, fresh, name); got != want {
				t.Errorf("Cut(%d, %v): %s is\n%s\nwant\n%s", c.step, c.evaluated, name, got, want)
			}
		}
	}
}

// TestRepair opens what a kill may leave.
func TestRepair(t *testing.T) {
	whole := t.TempDir()
	fill(t, whole)
	jsonl, csv := contents(t, whole, LinesFile), contents(t, whole, CSVFile)
	for name, files := range map[string][2]string{
		"torn JSON line":           {jsonl + `{"kind":"step","ep`, csv},
		"whole line, no line feed": {jsonl + strings.TrimSuffix(strings.SplitAfter(jsonl, "\n")[3], "\n"), csv},
		"last line of zeros":       {jsonl + "\x00\x00\x00\n", csv},
		"torn CSV line":            {jsonl, csv[:len(csv)-9]},
		"CSV behind":               {jsonl, csv[:strings.LastIndex(csv, "step")]},
		"CSV ahead":                {jsonl, csv + "step,1,4,train,1,1,1,,1,1\n"},
		"no CSV":                   {jsonl, ""},
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, LinesFile), []byte(files[0]), 0o644))
		if files[1] != "" {
			must(t, os.WriteFile(filepath.Join(dir, CSVFile), []byte(files[1]), 0o644))
		}
		if lines, err := Folder(dir).Lines(); err != nil || len(lines) != 4 {
			t.Errorf("%s: read %d lines: %v", name, len(lines), err)
		}
		open(t, dir)
		if contents(t, dir, LinesFile) != jsonl || contents(t, dir, CSVFile) != csv {
			t.Errorf("%s: repaired to\n%s%s", name, contents(t, dir, LinesFile), contents(t, dir, CSVFile))
		}
	}
}

// TestUnknownFields keeps what a later version wrote.
func TestUnknownFields(t *testing.T) {
	dir := t.TempDir()
	line := `{"kind":"epoch","epoch":1,"step":1,"split":"test","loss":1,"accuracy":1,"balanced_accuracy":1,"time":"2025-03-01T12:30:00+02:00","top5":1}` + "\n"
	must(t, os.WriteFile(filepath.Join(dir, LinesFile), []byte(line+line+`{"kind"`), 0o644))
	l := open(t, dir)
	must(t, l.Append(stepLine(2)))
	must(t, l.Cut(1, true))
	if got := contents(t, dir, LinesFile); got != line+line {
		t.Errorf("kept\n%s", got)
	}
}

func TestLogErrors(t *testing.T) {
	dir := t.TempDir()
	check := func(name string, err error, says string) {
		t.Helper()
		if !errors.Is(err, ErrLog) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	_, err := Folder(dir).Lines()
	check("no file", err, LinesFile)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for name, line := range map[string]string{
		"not JSON": "nonsense", "no kind": `{"step":1,"time":"2025-03-01T12:30:00Z"}`, "bad time": `{"kind":"step","step":1,"time":"now"}`,
	} {
		must(t, os.WriteFile(filepath.Join(dir, LinesFile), []byte(line+"\n"+line+"\n"), 0o644))
		_, err = Folder(dir).OpenLog()
		check(name, err, LinesFile+": line 1")
	}
	must(t, os.Remove(filepath.Join(dir, LinesFile)))
	for _, name := range []string{LinesFile, CSVFile} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		l, err := Folder(dir).OpenLog()
		check("a folder called "+name, err, name+" is not a regular file")
		if l != nil {
			t.Error("a Log came with the error")
		}
		must(t, os.Remove(filepath.Join(dir, name)))
	}
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o644))
	_, err = Folder(file).OpenLog()
	check("a file where the folder should be", err, "file")
	l := fill(t, t.TempDir())
	must(t, l.Close())
	check("closed", l.Append(stepLine(9)), "closed")
}

// TestFullDisk writes to a device that is always full.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full")
	}
	dir := t.TempDir()
	must(t, os.Symlink("/dev/full", filepath.Join(dir, LinesFile)))
	if _, err := Folder(dir).OpenLog(); !errors.Is(err, ErrLog) || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a device as the file: %v", err)
	}
	for _, name := range []string{LinesFile, CSVFile} {
		l := fill(t, t.TempDir())
		full, err := appendTo("/dev/full")
		must(t, err)
		if name == LinesFile {
			l.jsonl.Close()
			l.jsonl = full
		} else {
			l.csv.Close()
			l.csv = full
		}
		if err := l.Append(stepLine(9)); !errors.Is(err, ErrLog) || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTakenBack has a disk that fills within a line, and does not let the part be cut off
// at once.
func TestTakenBack(t *testing.T) {
	dir := t.TempDir()
	l := fill(t, dir)
	want := contents(t, dir, LinesFile)
	good := l.jsonl.File
	reading, err := os.Open(filepath.Join(dir, LinesFile))
	must(t, err)
	defer reading.Close()
	l.jsonl.File = reading
	if err := l.Append(stepLine(4)); !errors.Is(err, ErrLog) {
		t.Error(err)
	}
	l.jsonl.File = good
	if _, err := good.WriteAt([]byte(`{"kind":"st`), int64(len(want))); err != nil {
		t.Fatal(err)
	}
	must(t, l.Append(stepLine(4)))
	if lines, err := Folder(dir).Lines(); err != nil || len(lines) != 5 || !strings.HasPrefix(contents(t, dir, LinesFile), want) {
		t.Errorf("%d lines after it: %v", len(lines), err)
	}
}

func TestValues(t *testing.T) {
	l := stepLine(1)
	l.Accuracy = math.NaN()
	got := l.Values()
	if len(got) != 3 || got["train/loss"] != 1.5 || got["train/balanced_accuracy"] != 0.2 || got["train/lr"] != 1e-3 {
		t.Errorf("a step's values are %v", got)
	}
	if got := epochLine(1).Values(); len(got) != 3 || got["test/loss"] != 2 || got["test/accuracy"] != 0.5 {
		t.Errorf("an epoch's values are %v", got)
	}
}
