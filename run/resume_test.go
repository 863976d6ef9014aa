package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// linesOf are the lines of metrics.jsonl that fill writes, and those of two more steps.
func linesOf(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	l := fill(t, dir)
	must(t, l.Append(stepLine(4)))
	must(t, l.Append(epochLine(4)))
	return strings.SplitAfter(strings.TrimSuffix(contents(t, dir, LinesFile), "\n"), "\n")
}

// TestResumeLog resumes logs with damage before and after the checkpoint: steps 1, 2, the
// epoch line of 2, 3, 4, the epoch line of 4.
func TestResumeLog(t *testing.T) {
	l := linesOf(t)
	l[5] += "\n"
	all := strings.Join(l, "")
	zeros := strings.Repeat("\x00", 5000)
	for _, c := range []struct {
		name      string
		jsonl     string
		step      int
		evaluated bool
		want      string // kept, or the error if it has no line feed
	}{
		{"sound", all, 2, true, l[0] + l[1] + l[2]},
		{"sound, not evaluated", all, 2, false, l[0] + l[1]},
		{"nothing to cut", all, 4, true, all},
		{"no step", all, 0, false, "\n"},
		{"no step, all bad", zeros + "\n" + zeros + "\n" + "x\n", 0, false, "\n"},
		{"bad line after", l[0] + l[1] + l[2] + "nonsense\n" + l[4] + l[5], 2, true, l[0] + l[1] + l[2]},
		{"bad lines at the end", all + "x\n\n{}\n" + zeros, 2, true, l[0] + l[1] + l[2]},
		{"bad line after, nothing else to cut", all + "x\ny\n", 4, true, all},
		{"zeros after", l[0] + l[1] + l[2] + zeros, 2, true, l[0] + l[1] + l[2]},
		{"zeros and lines after", l[0] + l[1] + l[2] + zeros + l[3] + l[4], 2, true, l[0] + l[1] + l[2]},
		{"a torn line after", l[0] + l[1] + l[2] + l[3][:20], 2, true, l[0] + l[1] + l[2]},
		{"the same steps again after", all + l[0] + l[1] + l[2], 4, true, all},
		{"later steps before earlier ones", l[0] + l[1] + l[2] + l[4] + l[3], 2, true, l[0] + l[1] + l[2]},
		{"bad line before", l[0] + "nonsense\n" + l[1] + l[2] + l[3], 2, true, "line 2, which is before the checkpoint of step 2: invalid"},
		{"bad epoch line", l[0] + l[1] + "nonsense\n" + l[3], 2, true, "line 3, which is before"},
		{"zeros before", l[0] + zeros + "\n" + l[1] + l[2] + l[3], 2, true, "line 2, which is before"},
		{"torn before", l[0] + l[1][:30], 2, true, "line 2, which is before the checkpoint of step 2: no line feed ends it"},
		{"out of order before", l[1] + l[0] + l[2] + l[3], 3, false, "line 2, which is before the checkpoint of step 3: step 1 after step 2"},
		{"a step twice before", l[0] + l[1] + l[1] + l[2] + l[3], 3, false, "line 3, which is before the checkpoint of step 3: step 2 after step 2"},
		{"lines are missing", l[0], 3, true, l[0]},
		{"lines are missing, later ones are there", l[0] + l[4] + "x\n", 3, false, l[0]},
		{"earlier lines after later ones", l[0] + l[4] + l[1] + l[3], 3, false, "line 3, which is before the checkpoint of step 3: step 2 after step 4"},
		{"reversed", l[2] + l[1] + l[0], 2, true, "line 3: step 1 comes after the checkpoint of step 2"},
		{"an epoch line again after a bad one", l[0] + l[1] + l[2] + "x\n" + l[2], 2, true, l[0] + l[1] + l[2]},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, LinesFile)
		must(t, os.WriteFile(path, []byte(c.jsonl), 0o644))
		log, err := Folder(dir).ResumeLog(c.step, c.evaluated)
		if !strings.HasSuffix(c.want, "\n") {
			if log != nil || !errors.Is(err, ErrLog) || !strings.Contains(err.Error(), path+": "+c.want) {
				t.Errorf("%s: error %v, want %s", c.name, err, c.want)
			}
			if contents(t, dir, LinesFile) != c.jsonl {
				t.Errorf("%s: the file was changed", c.name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		must(t, log.Close())
		if got := contents(t, dir, LinesFile); got != strings.TrimPrefix(c.want, "\n") && got != c.want {
			t.Errorf("%s: kept\n%q\nwant\n%q", c.name, got, c.want)
		}
		if rows := strings.Count(contents(t, dir, CSVFile), "\n"); rows != 1+strings.Count(contents(t, dir, LinesFile), "\n") {
			t.Errorf("%s: %d rows of CSV", c.name, rows)
		}
	}
}

// TestMissing counts the steps before a checkpoint that have no line.
func TestMissing(t *testing.T) {
	l := linesOf(t)
	l[5] += "\n"
	for _, c := range []struct {
		name      string
		jsonl     string
		step      int
		evaluated bool
		want      int
	}{
		{"none", strings.Join(l, ""), 4, true, 0},
		{"none, later ones are cut", strings.Join(l, ""), 2, false, 0},
		{"none, all are cut", strings.Join(l, ""), 0, false, 0},
		{"the first", l[1] + l[2] + l[3], 3, false, 1},
		{"one between", l[0] + l[2] + l[3] + l[4] + l[5], 4, true, 1},
		{"the last", l[0] + l[1] + l[2], 4, true, 2},
		{"the last, later ones are there", l[0] + l[4], 3, false, 2},
		{"all", "", 4, true, 4},
	} {
		dir := t.TempDir()
		if c.jsonl != "" {
			must(t, os.WriteFile(filepath.Join(dir, LinesFile), []byte(c.jsonl), 0o644))
		}
		log, err := Folder(dir).ResumeLog(c.step, c.evaluated)
		must(t, err)
		if log.Missing() != c.want {
			t.Errorf("%s: %d steps are missing, want %d", c.name, log.Missing(), c.want)
		}
		must(t, log.Close())
	}
}

// TestHugeLine has a line of 256 MiB in the log, which must not come into memory.
func TestHugeLine(t *testing.T) {
	if testing.Short() {
		t.Skip("a file of 256 MiB")
	}
	l := linesOf(t)
	dir := t.TempDir()
	path := filepath.Join(dir, LinesFile)
	must(t, os.WriteFile(path, []byte(l[0]+l[1]), 0o644))
	must(t, os.Truncate(path, 256<<20)) // a hole of zeros
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString("\n" + l[3])
	must(t, errors.Join(err, f.Close()))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if last, err := Folder(dir).LastStep(); err != nil || last != 3 {
		t.Errorf("the last step is %d, %v", last, err)
	}
	if _, err := Folder(dir).Lines(); err == nil || !strings.Contains(err.Error(), "line 3: it has more than") {
		t.Errorf("read: %v", err)
	}
	log, err := Folder(dir).ResumeLog(2, false)
	must(t, err)
	must(t, log.Close())
	runtime.ReadMemStats(&after)
	if got := contents(t, dir, LinesFile); got != l[0]+l[1] {
		t.Errorf("%d bytes are left", len(got))
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
		t.Errorf("%d MiB were allocated", took>>20)
	}
}

// TestColumnsOfMetrics appends lines with the number of images and with metrics that come
// and go: the CSV gets a column for each, the JSONL an object, and both are read back.
func TestColumnsOfMetrics(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	step, plain, one, two := stepLine(1), epochLine(1), epochLine(2), epochLine(3)
	step.Images = 8
	var err error
	one.Metrics, err = NewMetrics(map[string]float64{"f1": 0.5, "auc": nan})
	must(t, err)
	two.Metrics, err = NewMetrics(map[string]float64{"zeta": 1e-9, "f1": 0.25})
	must(t, err)
	for _, line := range []Line{step, plain, one, two, plain} {
		must(t, l.Append(line))
	}
	must(t, l.Close())
	rows := strings.Split(contents(t, dir, CSVFile), "\n")
	for i, want := range []string{"top5_accuracy,images,auc,f1,zeta", ",7.5,,8,,,", ",,,,,,", ",,,,,0.5,", ",,,,,0.25,1e-09", ",,,,,,"} {
		if !strings.HasSuffix(rows[i], want) {
			t.Errorf("row %d is %s, want %s at its end", i, rows[i], want)
		}
	}
	if jsonl := contents(t, dir, LinesFile); !strings.Contains(jsonl, `"images_per_second":7.5,"images":8}`) || !strings.Contains(jsonl, `,"metrics":{"auc":null,"f1":0.5}}`) {
		t.Error(jsonl)
	}
	lines, err := Folder(dir).Lines()
	must(t, err)
	if fmt.Sprint(lines) != fmt.Sprint([]Line{step, plain, one, two, plain}) || !same(lines[2], one) || lines[0] != step {
		t.Errorf("read back %+v", lines)
	}
	if v := two.Values(); v["test/f1"] != 0.25 || v["test/zeta"] != 1e-9 || len(v) != 5 {
		t.Errorf("values %v", v)
	}
	if v := one.Values(); len(v) != 4 {
		t.Errorf("values with one that is not finite: %v", v)
	}
	csv := contents(t, dir, CSVFile)
	must(t, os.Remove(filepath.Join(dir, CSVFile)))
	must(t, open(t, dir).Close())
	if got := contents(t, dir, CSVFile); got != csv {
		t.Errorf("made again:\n%s\nwant\n%s", got, csv)
	}
	if _, err := NewMetrics(map[string]float64{"fine": 1, "a b": 2}); err == nil || !strings.Contains(err.Error(), `"a b"`) {
		t.Errorf("a bad name: %v", err)
	}
}
