package trainer_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// sameMetrics compares the metrics of two runs, but for times.
func sameMetrics(t *testing.T, a, b string) {
	t.Helper()
	x, err := run.Folder(a).Lines()
	if err != nil {
		t.Fatal(err)
	}
	y, err := run.Folder(b).Lines()
	if err != nil {
		t.Fatal(err)
	}
	if len(x) != len(y) {
		t.Fatalf("%d lines of metrics, want %d", len(x), len(y))
	}
	for i := range x {
		x[i].Time, x[i].ImagesPerSecond = y[i].Time, y[i].ImagesPerSecond
		if math.IsNaN(x[i].Loss) && math.IsNaN(y[i].Loss) {
			x[i].Loss, y[i].Loss = 0, 0
		}
		if x[i] != y[i] {
			t.Errorf("line %d is %+v, want %+v", i, x[i], y[i])
		}
	}
}

func TestLearns(t *testing.T) {
	_, report := undisturbed(t, func(c *trainer.Config) { c.Epochs = 20; c.Smoothing = 0; c.Train = c.Test })
	if report.Best.Accuracy < 0.5 {
		t.Errorf("best test accuracy %v on 4 classes", report.Best.Accuracy)
	}
	if report.ImagesPerSecond <= 0 || report.Parameters != 3*16*9+32+64*4+4 || report.TrainImages != 20 || report.TestImages != 12 {
		t.Errorf("report %+v", report)
	}
}

func TestMetricsOfARun(t *testing.T) {
	dir, report := undisturbed(t, nil)
	lines, err := run.Folder(dir).Lines()
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, l := range lines {
		kinds = append(kinds, l.Kind)
	}
	if got := strings.Join(kinds, " "); got != strings.TrimSpace(strings.Repeat("step step step epoch ", 3)) {
		t.Fatalf("lines %s", got)
	}
	for i, want := range map[int]float64{0: 0.05 / 3, 2: 0.05, 4: 0.05, 10: 0.025 * (1 + math.Cos(5*math.Pi/6))} {
		if math.Abs(lines[i].LR-want) > 1e-12 {
			t.Errorf("line %d: learning rate %v, want %v", i, lines[i].LR, want)
		}
	}
	read, err := run.Folder(dir).Report()
	if err != nil {
		t.Fatal(err)
	}
	if read.Status != "finished" || *read.Last != *report.Last || read.Best.Accuracy != report.Best.Accuracy || read.MultiplyAdds == 0 || read.Versions["go"] == "" {
		t.Errorf("summary %+v, report %+v", read, report)
	}
}

func TestEvaluationCountsTheShortBatch(t *testing.T) {
	tr := start(t, nil) // 12 test images in batches of 5
	scores, err := tr.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	whole := start(t, func(c *trainer.Config) { c.TestBatch = 12 })
	want, err := whole.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if scores.Accuracy != want.Accuracy || math.Abs(scores.Loss-want.Loss) > 1e-6 {
		t.Errorf("in batches %+v, at once %+v", scores, want)
	}
}

func TestMaxStepsAndPatience(t *testing.T) {
	_, r := undisturbed(t, func(c *trainer.Config) { c.MaxSteps = 4 })
	if r.Steps != 4 || r.Last == nil || r.Last.Step != 4 || r.Last.Epoch != 2 || r.Status != run.Finished {
		t.Errorf("after 4 steps: %+v, last %+v", r, r.Last)
	}
	_, r = undisturbed(t, func(c *trainer.Config) { c.Epochs, c.Patience = 40, 2; c.Optimizer = optim.SGD{LR: 1e-9} })
	if r.EpochsSinceBest != 2 || r.Epochs >= 40 {
		t.Errorf("patience 2: %d epochs, %d since the best", r.Epochs, r.EpochsSinceBest)
	}
}

func TestRaisedLimitsGoOn(t *testing.T) {
	whole, _ := undisturbed(t, nil)
	dir, _ := undisturbed(t, func(c *trainer.Config) { c.MaxSteps = 4 })
	tr := start(t, func(c *trainer.Config) { c.Dir, c.Resume = dir, true })
	if tr.Complete() {
		t.Fatal("a run of 4 steps is complete with a limit of 9")
	}
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	tr.Close()
	if string(weights(t, dir)) != string(weights(t, whole)) {
		t.Error("the final weights differ")
	}
	tr = start(t, func(c *trainer.Config) { c.Dir, c.Resume = dir, true })
	if !tr.Complete() {
		t.Error("a finished run is not complete")
	}
	r, err := tr.Fit(context.Background())
	if err != nil || r.Steps != 9 || r.Status != run.Finished || r.ImagesPerSecond == 0 {
		t.Errorf("a finished run, resumed: %v %+v", err, r)
	}
}

func TestADivergingLossStopsTheRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	tr := start(t, func(c *trainer.Config) {
		c.Dir, c.Schedule, c.Epochs = dir, nil, 50
		c.Optimizer = optim.SGD{LR: 1e18, Momentum: 0.9}
		c.SaveEverySteps = 1
	})
	r, err := tr.Fit(context.Background())
	if !errors.Is(err, trainer.ErrDiverged) || !strings.Contains(err.Error(), "learning rate 1e+18") || r.Status != run.Failed {
		t.Fatalf("error %v, status %s", err, r.Status)
	}
	read, err := run.Folder(dir).Report()
	if err != nil || read.Status != "failed" || !strings.Contains(read.Error, "diverged") {
		t.Errorf("summary %+v, %v", read, err)
	}
	lines, err := run.Folder(dir).Lines()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if math.IsNaN(l.Loss) || math.IsInf(l.Loss, 0) {
			t.Errorf("a line of the diverged step: %+v", l)
		}
	}
}

func TestHooksNeverEndARun(t *testing.T) {
	var seen []string
	note := func(s string) { seen = append(seen, s) }
	bad := errors.New("bad hook")
	_, r := undisturbed(t, func(c *trainer.Config) {
		c.Epochs = 1
		c.Hooks = []trainer.Hook{
			{Name: "fails", Step: func(trainer.StepEvent) error { return bad }, Epoch: func(trainer.EpochEvent) error { panic("hook") }},
			{
				Name: "notes", Start: func(s trainer.Start) error { note("start"); return nil },
				Step: func(trainer.StepEvent) error { note("step"); return nil }, Epoch: func(trainer.EpochEvent) error { note("epoch"); return nil },
				Evaluating: func(done, total int) error { note("evaluating"); return nil }, End: func(*run.Report, error) error { note("end"); return nil },
			},
		}
	})
	if r.Status != run.Finished || strings.Join(seen, " ") != "start step step step evaluating evaluating evaluating epoch end" {
		t.Errorf("status %s, events %v", r.Status, seen)
	}
}

func TestBadConfigurations(t *testing.T) {
	occupied := t.TempDir()
	if err := os.WriteFile(filepath.Join(occupied, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*trainer.Config)
		want   string
	}{
		{func(c *trainer.Config) { c.Optimizer = nil }, "Config.Optimizer is missing"},
		{func(c *trainer.Config) { c.Optimizer = optim.SGD{} }, "SGD.LR = 0"},
		{func(c *trainer.Config) { c.Optimizer = optim.SGD{LR: math.NaN()} }, "SGD.LR = NaN"},
		{func(c *trainer.Config) { c.Epochs = 0 }, "Config.Epochs = 0"},
		{func(c *trainer.Config) { c.Batch = -1 }, "Config.Batch = -1"},
		{func(c *trainer.Config) { c.Resize = 10 }, "Config.Resize = 10"},
		{func(c *trainer.Config) { c.Smoothing = 1 }, "Config.Smoothing = 1"},
		{func(c *trainer.Config) { c.Batch, c.DropLast = 21, true }, "Batch = 21 is more than the 20 images"},
		{func(c *trainer.Config) { c.Freeze = []string{"["} }, "Config.Freeze = ["},
		{func(c *trainer.Config) { c.Freeze = []string{"cnov.*"} }, `no parameter matches "cnov.*"; the nearest is conv.`},
		{func(c *trainer.Config) { c.Freeze = []string{"*"} }, "every parameter is frozen"},
		{func(c *trainer.Config) { c.Resume = true }, "Resume needs Dir"},
		{func(c *trainer.Config) { c.Dir = occupied }, "is not empty: it holds notes.txt"},
		{func(c *trainer.Config) { c.Dir, c.Resume = filepath.Join(occupied, "none"), true }, "nothing to resume"},
		{func(c *trainer.Config) { c.Dir = filepath.Join(occupied, "notes.txt", "run") }, "notes.txt"},
	} {
		train, test, config := setUp(t, c.change)
		tr, err := trainer.New(newTiny(4), train, test, config)
		if err == nil {
			_, err = tr.Fit(context.Background())
			tr.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

func TestModelAndSetMustAgree(t *testing.T) {
	train, test, c := setUp(t, nil)
	if _, err := trainer.New(newTiny(5), train, test, c); err == nil || !strings.Contains(err.Error(), "5 outputs, the data set 4 classes") {
		t.Errorf("error %v", err)
	}
	var none nn.Module
	if _, err := trainer.New(none, train, test, c); err == nil || !strings.Contains(err.Error(), "a model, a training set and a test set") {
		t.Errorf("error %v", err)
	}
}

func TestFrozenParametersStay(t *testing.T) {
	tr := start(t, func(c *trainer.Config) { c.Freeze = []string{"conv.*"}; c.Epochs = 1 })
	read := func(name string, n int) []float32 {
		v := make([]float32, n)
		if err := tr.Session().State().Read(name, v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	conv, fc := read("conv.weight", 432), read("fc.weight", 256)
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	if string(floatBytes(conv)) != string(floatBytes(read("conv.weight", 432))) {
		t.Error("a frozen weight changed")
	}
	if string(floatBytes(fc)) == string(floatBytes(read("fc.weight", 256))) {
		t.Error("a trained weight did not change")
	}
}

func floatBytes(v []float32) []byte {
	var b []byte
	for _, f := range v {
		u := math.Float32bits(f)
		b = append(b, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
	}
	return b
}

func TestABatchOfOneValueAChannelIsAnErrorAtTheStart(t *testing.T) {
	train, test, c := setUp(t, func(c *trainer.Config) { c.Batch, c.Crop, c.Resize, c.Train, c.Test = 19, 2, 2, nil, nil })
	_, err := trainer.New(newTiny(4), train, test, c)
	if err == nil || !strings.Contains(err.Error(), "batches of 1 images") || !strings.Contains(err.Error(), "DropLast") {
		t.Errorf("error %v", err)
	}
}
