package trainer_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/schedule"
	"github.com/euryale-ml/euryale/trainer"
)

// rateAt is a schedule of the learning rate as a function of the step.
type rateAt func(step int) float64

func (r rateAt) LR(_ float64, step int) float64 { return r(step) }

func (r rateAt) set(c *trainer.Config) {
	c.Optimizer = optim.SGD{LR: 0.05, Momentum: 0.9}
	c.Schedule = func(int, int) (schedule.Schedule, error) { return r, nil }
}

// stepOf is the step of a run's last checkpoint, all of which must be finite; 0: there is
// none.
func stepOf(t *testing.T, dir string) string {
	t.Helper()
	step := "0"
	checkpoints := filepath.Join(dir, run.CheckpointDir)
	entries, err := os.ReadDir(checkpoints)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		f, err := checkpoint.Read(filepath.Join(checkpoints, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, tensor := range f.Tensors {
			sum := 0.0
			switch values := tensor.Data.(type) {
			case []float32:
				for _, v := range values {
					sum += 0 * float64(v)
				}
			case []float64:
				for _, v := range values {
					sum += 0 * v
				}
			}
			if math.IsNaN(sum) {
				t.Errorf("%s: %s is not finite", e.Name(), tensor.Name)
			}
		}
		if e.Name() == run.LastFile {
			step = f.Metadata["euryale.step"]
		}
	}
	return step
}

// stepOfFile is the step in the metadata of a file of weights.
func stepOfFile(t *testing.T, path string) string {
	t.Helper()
	metadata, err := checkpoint.ReadMetadata(path)
	if err != nil {
		t.Fatal(err)
	}
	return metadata["euryale.step"]
}

// TestDivergingSteps makes a step whose update leaves weights that are not finite, at the
// end of an epoch, within one, and with a cancelled context in the diverging step or the
// one after it: the run fails as diverged and the last good checkpoint stays.
func TestDivergingSteps(t *testing.T) {
	kinds := map[string]func(c *trainer.Config){
		"plain":        func(*trainer.Config) {},
		"accumulating": func(c *trainer.Config) { c.Batch, c.Accumulate = 4, 2 },
		"averaging":    func(c *trainer.Config) { c.EMA = 0.5 },
		"each step":    func(c *trainer.Config) { c.SaveEverySteps = 1 },
		"clipping":     func(c *trainer.Config) { c.ClipNorm = 1e30 },
		"float64":      func(c *trainer.Config) { c.Precision = device.Float64 },
	}
	for name, change := range kinds {
		for _, at := range []int{4, 5, 6} { // steps 4 to 6 are the second epoch
			for _, stop := range []int{0, at, at + 1} {
				dir := filepath.Join(t.TempDir(), "run")
				ctx, cancel := context.WithCancelCause(context.Background())
				tr := start(t, func(c *trainer.Config) {
					c.Dir = dir
					change(c)
					huge := 1e37
					if c.Precision == device.Float64 {
						huge = 1e307
					}
					rateAt(func(step int) float64 {
						if step == stop {
							cancel(errStop)
						}
						if step == at {
							return huge
						}
						return 0.01
					}).set(c)
					c.Optimizer = optim.SGD{LR: 0.05, Momentum: 0.9, WeightDecay: 1e3}
				})
				r, err := tr.Fit(ctx)
				cancel(nil)
				what := fmt.Sprintf("%s, diverging in step %d, stopped in %d", name, at, stop)
				if !errors.Is(err, trainer.ErrDiverged) || r.Status != run.Failed {
					t.Errorf("%s: status %s, %v", what, r.Status, err)
				}
				if got := stepOf(t, dir); name == "each step" && got != fmt.Sprint(at-1) || name != "each step" && got != "3" {
					t.Errorf("%s: the last checkpoint is of step %s", what, got)
				}
				if err := tr.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestStoppedBeforeTheFirstStep leaves no checkpoint and begins again, with the bits of a
// run that was never stopped.
func TestStoppedBeforeTheFirstStep(t *testing.T) {
	whole, _ := undisturbed(t, nil)
	for _, accumulate := range []int{1, 2} {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(errStop)
		change := func(c *trainer.Config) { c.Dir, c.Accumulate = dir, accumulate }
		tr := start(t, change)
		r, err := tr.Fit(ctx)
		if err != errStop || r.Status != run.Interrupted || r.Steps != 0 {
			t.Fatalf("%v %+v", err, r)
		}
		tr.Close()
		if entries, err := os.ReadDir(filepath.Join(dir, run.CheckpointDir)); err != nil || len(entries) > 0 {
			t.Errorf("checkpoints %v, %v", entries, err)
		}
		if read, err := run.Folder(dir).Report(); err != nil || read.Status != run.Interrupted || read.Steps != 0 {
			t.Errorf("summary %+v, %v", read, err)
		}
		resume(t, dir, change)
		if accumulate == 1 {
			compareRuns(t, dir, whole, "stopped before its first step")
		}
	}
}

// TestACheckpointOfNoStep resumes what earlier versions left of a run that was stopped
// before its first step: weights of step 0, and a file without the optimizer's slots.
func TestACheckpointOfNoStep(t *testing.T) {
	whole, _ := undisturbed(t, nil)
	for _, both := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "run")
		fresh := start(t, nil)
		tensors, err := fresh.Session().Tensors()
		if err != nil {
			t.Fatal(err)
		}
		checkpoints := filepath.Join(dir, run.CheckpointDir)
		if err := os.MkdirAll(checkpoints, 0o755); err != nil {
			t.Fatal(err)
		}
		write := func(name string, f checkpoint.File) {
			if err := checkpoint.Write(filepath.Join(checkpoints, name), &f); err != nil {
				t.Fatal(err)
			}
		}
		write(run.LastFile, checkpoint.File{Tensors: tensors, Metadata: map[string]string{"euryale.step": "0", checkpoint.ModelKey: "tiny"}})
		if both {
			write("resume-0.safetensors", checkpoint.File{Metadata: map[string]string{"euryale.position": `{"epoch":1,"batch":0,"step":0,"best":null,"last":null}`}})
		}
		resume(t, dir, func(*trainer.Config) {})
		compareRuns(t, dir, whole, "resumed at step 0")
	}
}

// slow is a set whose images cannot be read, or panic, after so many calls.
type slow struct {
	dataset.Dataset
	calls *int
	after int
	err   error
}

func (s slow) Sample(ctx context.Context, i int) (dataset.Sample, error) {
	if *s.calls++; *s.calls > s.after {
		if s.err == nil {
			panic("a defect of the set")
		}
		return dataset.Sample{}, s.err
	}
	return s.Dataset.Sample(ctx, i)
}

// badLogger panics at every line.
type badLogger struct{ slog.Handler }

func (badLogger) Enabled(context.Context, slog.Level) bool  { return true }
func (badLogger) Handle(context.Context, slog.Record) error { panic("a defect of the logger") }
func (l badLogger) WithAttrs([]slog.Attr) slog.Handler      { return l }
func (l badLogger) WithGroup(string) slog.Handler           { return l }

// TestFaultsWhileStopped has faults of the test set, of a schedule and of the saver that
// come after the context ended or without: none is an interruption, and each leaves the
// last checkpoint. The folder can be used again once the Trainer is closed.
func TestFaultsWhileStopped(t *testing.T) {
	disk := errors.New("input/output error")
	for _, stop := range []bool{false, true} {
		for name, c := range map[string]struct {
			test   func(dataset.Dataset) dataset.Dataset
			change func(c *trainer.Config, cancel func())
			want   error
			step   string // of the last checkpoint; "": 3
		}{
			"schedule panics": {change: func(c *trainer.Config, cancel func()) {
				rateAt(func(step int) float64 {
					if step == 5 {
						cancel()
						panic("a defect of the schedule")
					}
					return 0.01
				}).set(c)
			}, want: trainer.ErrPanic},
			"folder is gone": {change: func(c *trainer.Config, cancel func()) {
				c.Hooks = append(c.Hooks, trainer.Hook{Step: func(e trainer.StepEvent) error {
					if e.Step == 5 {
						cancel()
						if err := os.Rename(filepath.Join(c.Dir, run.CheckpointDir), filepath.Join(c.Dir, "elsewhere")); err != nil {
							return err
						}
					}
					return nil
				}})
			}, want: fs.ErrNotExist},
			"test set panics": {test: func(d dataset.Dataset) dataset.Dataset { return slow{d, new(int), 16, nil} }, want: dataset.ErrPanic},
			"test set fails":  {test: func(d dataset.Dataset) dataset.Dataset { return slow{d, new(int), 16, disk} }, want: trainer.ErrBatch, step: "6"},
		} {
			dir := filepath.Join(t.TempDir(), "run")
			ctx, cancel := context.WithCancelCause(context.Background())
			train, test, config := setUp(t, func(config *trainer.Config) {
				config.Dir, config.Workers, config.Logger = dir, 1, slog.New(badLogger{})
				config.Hooks = []trainer.Hook{{Step: func(trainer.StepEvent) error { panic("a defect of the hook") }}}
				if c.change != nil {
					c.change(config, func() {
						if stop {
							cancel(errStop)
						}
					})
				}
			})
			if c.test != nil {
				test = c.test(test)
			}
			tr, err := trainer.New(newTiny(4), train, test, config)
			if err != nil {
				t.Fatal(err)
			}
			r, err := tr.Fit(ctx)
			cancel(nil)
			if !errors.Is(err, c.want) || r.Status != run.Failed {
				t.Errorf("%s, stopped %v: status %s, %v", name, stop, r.Status, err)
			}
			if err := tr.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			os.Rename(filepath.Join(dir, "elsewhere"), filepath.Join(dir, run.CheckpointDir))
			if got := stepOf(t, dir); got != cmp.Or(c.step, "3") {
				t.Errorf("%s, stopped %v: the last checkpoint is of step %s", name, stop, got)
			}
			resume(t, dir, func(*trainer.Config) {})
		}
	}
}

func TestDivergedNamesTheTensor(t *testing.T) {
	tr := start(t, func(c *trainer.Config) {
		rateAt(func(step int) float64 { return map[bool]float64{true: 1e38, false: 0.01}[step == 3] }).set(c)
		c.Optimizer = optim.SGD{LR: 0.05, WeightDecay: 1e3}
	})
	_, err := tr.Fit(context.Background())
	if !errors.Is(err, trainer.ErrDiverged) || !strings.Contains(err.Error(), "after step 3 (epoch 1)") || !strings.Contains(err.Error(), ".weight holds ") ||
		!strings.Contains(err.Error(), "learning rate 1e+38") {
		t.Error(err)
	}
}

// TestASummaryInTheWay interrupts a run whose summary cannot be written: it is saved and
// interrupted all the same, with a warning. One that finishes fails by it.
func TestASummaryInTheWay(t *testing.T) {
	for _, step := range []int{4, 0} {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, stop := stopAfter(step)
		var log bytes.Buffer
		tr := start(t, func(c *trainer.Config) { stop(c); c.Dir, c.Logger = dir, slog.New(slog.NewTextHandler(&log, nil)) })
		if err := os.MkdirAll(filepath.Join(dir, run.SummaryFile, "in the way"), 0o755); err != nil {
			t.Fatal(err)
		}
		r, err := tr.Fit(ctx)
		switch {
		case step > 0 && (r.Status != run.Interrupted || err != errStop || stepOf(t, dir) != "4" || !strings.Contains(log.String(), "the summary could not be written")):
			t.Errorf("interrupted: %s, %v, a checkpoint of step %s, %s", r.Status, err, stepOf(t, dir), log.String())
		case step == 0 && (err == nil || !strings.Contains(err.Error(), run.SummaryFile)):
			t.Errorf("finished: %v", err)
		}
	}
}

// TestFitAgain continues an interrupted run with the same Trainer: the weights are those of
// an undisturbed run, and the seconds of both parts count.
func TestFitAgain(t *testing.T) {
	for _, accumulate := range []int{1, 2} {
		change := func(c *trainer.Config) { c.Accumulate = accumulate }
		complete, _ := undisturbed(t, change)
		dir := filepath.Join(t.TempDir(), "run")
		ctx, stop := stopAfter(3)
		tr := start(t, func(c *trainer.Config) { change(c); stop(c); c.Dir = dir })
		first, err := tr.Fit(ctx)
		if err != errStop || first.Steps != 3 {
			t.Fatalf("%v, %d steps", err, first.Steps)
		}
		second, err := tr.Fit(context.Background())
		if err != nil || second.Status != run.Finished || second.Seconds <= first.Seconds {
			t.Errorf("%v, %s, %g s after %g s", err, second.Status, second.Seconds, first.Seconds)
		}
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
		compareRuns(t, dir, complete, "fitted again")
	}
}
