package run

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// TestTop5 writes top-5 accuracies beside lines that have none, as a run of an earlier
// version has them, and reads both.
func TestTop5(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	l := open(t, dir)
	old := epochLine(1)
	must(t, l.Append(old))
	with := epochLine(2)
	with.Top5Accuracy = 0.75
	must(t, l.Append(with))
	bad := epochLine(3)
	must(t, l.Append(bad))
	must(t, l.Close())
	rows := strings.Split(contents(t, dir, LinesFile), "\n")
	if strings.Contains(rows[0], "top5") || !strings.HasSuffix(rows[1], `,"top5_accuracy":0.75}`) || strings.Contains(rows[2], "top5") {
		t.Errorf("JSONL: %q", rows)
	}
	if cells := strings.Split(contents(t, dir, CSVFile), "\n"); !strings.HasSuffix(cells[0], ",top5_accuracy") ||
		!strings.HasSuffix(cells[1], ",,,") || !strings.HasSuffix(cells[2], ",,,0.75") || !strings.HasSuffix(cells[3], ",,,") {
		t.Errorf("CSV: %q", cells)
	}
	lines, err := Folder(dir).Lines()
	must(t, err)
	if len(lines) != 3 || !same(lines[0], old) || lines[1] != with || !math.IsNaN(lines[2].Top5Accuracy) {
		t.Errorf("%+v", lines)
	}
	if v := with.Values(); v["test/top5_accuracy"] != 0.75 || len(v) != 4 {
		t.Errorf("%v", v)
	}
	if v := bad.Values(); len(v) != 3 {
		t.Errorf("%v", v)
	}
}

// TestTop5OfSteps says that a step line has none.
func TestTop5OfSteps(t *testing.T) {
	s := stepLine(1)
	s.Top5Accuracy = 0.5
	data, err := json.Marshal(s)
	must(t, err)
	if strings.Contains(string(data), "top5") || len(s.Values()) != 4 {
		t.Errorf("%s %v", data, s.Values())
	}
}

// TestOldCSV opens a run whose CSV an earlier version wrote: it is made again with all
// columns.
func TestOldCSV(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	l := open(t, dir)
	must(t, l.Append(epochLine(1)))
	must(t, l.Close())
	whole := contents(t, dir, CSVFile)
	rows := strings.Split(whole, "\n")
	must(t, l.replace(CSVFile, []byte(strings.TrimSuffix(rows[0], ",top5_accuracy")+"\n"+strings.TrimSuffix(rows[1], ",")+"\n")))
	l = open(t, dir)
	must(t, l.Close())
	if got := contents(t, dir, CSVFile); got != whole {
		t.Errorf("%s\nwant\n%s", got, whole)
	}
}
