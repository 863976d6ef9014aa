package run_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/run"
)

// earlier copies the folder of a run that commit 3c0ea40 trained: resnet50d on drawn images of 64x64
// pixels, three epochs of three steps, without its weights and pictures.
func earlier(t *testing.T) run.Folder {
	t.Helper()
	f := run.Folder(t.TempDir())
	if err := os.CopyFS(string(f), os.DirFS(filepath.Join("testdata", "3c0ea40"))); err != nil {
		t.Fatal(err)
	}
	return f
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestEarlierVersion reads all files of a run that an earlier version trained.
func TestEarlierVersion(t *testing.T) {
	f := earlier(t)
	if c, err := f.Look(); err != nil || c.String() != "a finished run of 9 steps" {
		t.Errorf("it holds %s, %v", c, err)
	}
	r, err := f.Report()
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != run.Finished || r.Steps != 9 || r.Best.Epoch != 2 || r.Best.Step != 6 || r.Best.Top5Accuracy != 0.8333333333333334 || r.Last.Loss != 8.289756996433333 {
		t.Errorf("%+v", r)
	}
	lines, err := f.Lines()
	if err != nil {
		t.Fatal(err)
	}
	train, test := run.Points(lines)
	if len(train) != 9 || len(test) != 3 || train[8].Epoch != 3 || train[8].LR != 1e-3 || test[1] != r.Best.Point || test[2] != r.Last.Point {
		t.Errorf("%+v, %+v", train, test)
	}
	all, err := f.Predictions()
	if err != nil || len(all) != 6 || !all[1].Is("drawn test image 1 (black dog)") || all[1].Predicted != 1 || all[1].Loss != 0.003773411755968681 {
		t.Errorf("%+v, %v", all, err)
	}
	yaml, err := f.Config()
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	if err := config.LoadRecorded(yaml, &c); err != nil || c.Model.Name != "resnet50d" || c.Data.DrawnClasses != 6 || c.Train.Epochs != 3 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestSameBytes writes again what it reads of such a run: the bytes are the same.
func TestSameBytes(t *testing.T) {
	f := earlier(t)
	was := map[string]string{}
	for _, name := range []string{run.SummaryFile, run.PredictionsFile, run.LinesFile, run.CSVFile} {
		was[name] = text(t, f.Path(name))
	}
	r, err := f.Report()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WriteReport(r); err != nil {
		t.Fatal(err)
	}
	all, err := f.Predictions()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.WritePredictions(all); err != nil {
		t.Fatal(err)
	}
	log, err := f.ResumeLog(9, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for name, want := range was {
		if got := text(t, f.Path(name)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	lines, err := f.Lines()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range strings.Split(strings.TrimSpace(was[run.LinesFile]), "\n") {
		if got, err := json.Marshal(lines[i]); err != nil || string(got) != want {
			t.Errorf("line %d: %s, want %s", i+1, got, want)
		}
	}
}
