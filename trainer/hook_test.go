package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// TestHookFaults has hooks that fail and panic in every event: each is in the report and
// the summary once, with a count, with a Logger, without, and with one that panics.
func TestHookFaults(t *testing.T) {
	bad := errors.New("bad hook")
	var log bytes.Buffer
	for _, logger := range []*slog.Logger{nil, slog.New(slog.NewTextHandler(&log, nil)), slog.New(badLogger{})} {
		dir, r := undisturbed(t, func(c *trainer.Config) {
			c.Logger = logger
			c.Hooks = []trainer.Hook{
				{
					Name: "fails", Start: func(trainer.Start) error { return bad }, Step: func(e trainer.StepEvent) error { return fmt.Errorf("step %d: %w", e.Step, bad) },
					Evaluating: func(int, int) error { return bad }, End: func(*run.Report, error) error { return bad },
				},
				{
					Step: func(e trainer.StepEvent) error {
						if e.Step%2 == 0 {
							panic(bad)
						}
						return nil
					},
					Measure: func(trainer.EpochEvent) (map[string]float64, error) {
						return map[string]float64{"fine": 1, "a b": 2, "loss": 3}, nil
					},
					Epoch: func(trainer.EpochEvent) error { panic("at the end of an epoch") },
				},
				{Name: "again", Measure: func(trainer.EpochEvent) (map[string]float64, error) {
					return map[string]float64{"fine": 4, "own": 5}, bad
				}},
			}
		})
		want := []run.HookFault{
			{Hook: "fails", Event: "start", Count: 1, Error: "bad hook"}, {Hook: "fails", Event: "step", Count: 9, Error: "step 1: bad hook"},
			{Hook: "#2", Event: "step", Count: 4, Error: "bad hook", Panic: true}, {Hook: "fails", Event: "evaluating", Count: 9, Error: "bad hook"},
			{Hook: "#2", Event: "measure", Count: 3}, {Hook: "again", Event: "measure", Count: 3},
			{Hook: "#2", Event: "epoch", Count: 3, Error: "at the end of an epoch", Panic: true}, {Hook: "fails", Event: "end", Count: 1, Error: "bad hook"},
		}
		read, err := run.Folder(dir).Report()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(read.HookFaults, r.HookFaults) || r.Status != run.Finished {
			t.Errorf("status %s, the summary has %+v, the report %+v", r.Status, read.HookFaults, r.HookFaults)
		}
		for i, f := range r.HookFaults {
			if f.Event == "measure" {
				if !strings.Contains(f.Error, map[string]string{"#2": `"a b"`, "again": "fine was measured by another hook"}[f.Hook]) {
					t.Errorf("%+v", f)
				}
				f.Error = ""
			}
			if i >= len(want) || f != want[i] {
				t.Errorf("fault %d: %+v", i, f)
			}
		}
		if r.Last.Metrics.Map()["fine"] != 1 || r.Last.Metrics.Map()["own"] != 5 || len(r.Last.Metrics.Names()) != 2 {
			t.Errorf("metrics %v", r.Last.Metrics)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 8 {
		t.Errorf("%d lines are logged:\n%s", n, log.String())
	}
}

// TestFaultsOfAResumedRun counts the faults of all parts once.
func TestFaultsOfAResumedRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	failing := trainer.Hook{Name: "fails", Step: func(trainer.StepEvent) error { return errors.New("x") }}
	for _, stop := range []int{4, 0} {
		ctx, cancel := stopAfter(stop)
		tr := start(t, func(c *trainer.Config) {
			cancel(c)
			c.Dir, c.Resume, c.Hooks = dir, stop == 0, append(c.Hooks, failing)
		})
		r, _ := tr.Fit(ctx)
		if len(r.HookFaults) != 1 || r.HookFaults[0].Count != r.Steps {
			t.Errorf("after step %d: %+v", r.Steps, r.HookFaults)
		}
		tr.Close()
	}
}

// stopping is a hook that ends a run by ErrStop at an event.
func stopping(event string, step int) trainer.Hook {
	stop := func(at string, s int) error {
		if at == event && s == step {
			return fmt.Errorf("time is up: %w", trainer.ErrStop)
		}
		return nil
	}
	evaluations := 0
	return trainer.Hook{
		Name: "clock", Start: func(s trainer.Start) error { return stop("start", s.Step) }, Step: func(e trainer.StepEvent) error { return stop("step", e.Step) },
		Evaluating: func(int, int) error { evaluations++; return stop("evaluating", evaluations) },
		Measure:    func(e trainer.EpochEvent) (map[string]float64, error) { return nil, stop("measure", e.Step) },
		Epoch:      func(e trainer.EpochEvent) error { return stop("epoch", e.Step) },
		End:        func(r *run.Report, _ error) error { return stop("end", r.Steps) },
	}
}

// TestErrStop ends runs at each event: they finish with an evaluation and a checkpoint of
// their last step, and are trained to the same bits when they are resumed.
func TestErrStop(t *testing.T) {
	whole, _ := undisturbed(t, nil)
	for _, c := range []struct {
		event       string
		at          int
		steps       int
		evaluations int
	}{
		{"step", 1, 1, 1}, {"step", 3, 3, 1}, {"step", 5, 5, 2}, {"step", 9, 9, 3}, {"evaluating", 1, 3, 1}, {"measure", 3, 3, 1}, {"epoch", 6, 6, 2},
		{"start", 0, 0, 0}, {"end", 9, 9, 3},
	} {
		for _, accumulate := range []int{1, 2} {
			if accumulate == 2 && (c.event != "step" || c.at != 5) {
				continue
			}
			what := fmt.Sprintf("%s %d", c.event, c.at)
			dir, r := undisturbed(t, func(config *trainer.Config) {
				config.Hooks, config.Accumulate, config.SaveEverySteps = []trainer.Hook{stopping(c.event, c.at)}, accumulate, 5
			})
			reason := "hook clock: time is up: stop the run"
			if c.event == "end" {
				reason = ""
			}
			if r.Status != run.Finished || r.Error != "" || r.Steps != c.steps || r.Reason != reason || len(r.HookFaults) > 0 {
				t.Errorf("%s: %+v", what, r)
			}
			lines, err := run.Folder(dir).Lines()
			if err != nil {
				t.Fatal(err)
			}
			epochLines := 0
			for _, l := range lines {
				if l.Kind == run.EpochLine {
					epochLines++
				}
			}
			if got := stepOf(t, dir); accumulate == 1 && epochLines != c.evaluations || got != fmt.Sprint(c.steps) || c.steps > 0 && r.Last.Step != c.steps {
				t.Errorf("%s: %d epoch lines, a checkpoint of step %s, last %+v", what, epochLines, got, r.Last)
			}
			if accumulate > 1 {
				continue
			}
			resume(t, dir, func(*trainer.Config) {})
			if !bytes.Equal(weights(t, dir), weights(t, whole)) {
				t.Errorf("%s: resumed, the weights differ", what)
			}
		}
	}
}

// TestReasons of runs that end before their last epoch.
func TestReasons(t *testing.T) {
	if _, r := undisturbed(t, nil); r.Reason != "" {
		t.Errorf("all epochs: %q", r.Reason)
	}
	if _, r := undisturbed(t, func(c *trainer.Config) { c.MaxSteps = 4 }); r.Reason != "max_steps" {
		t.Errorf("4 steps: %q", r.Reason)
	}
	_, r := undisturbed(t, func(c *trainer.Config) {
		c.Patience, c.Best, c.Hooks = 1, "f1", []trainer.Hook{measured("f1", 1, math.NaN(), 3)}
	})
	if r.Reason != "patience" || r.Epochs != 2 {
		t.Errorf("patience: %q after %d epochs", r.Reason, r.Epochs)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errStop)
	tr := start(t, func(c *trainer.Config) { c.Hooks = []trainer.Hook{stopping("step", 1)} })
	if r, err := tr.Fit(ctx); err != errStop || r.Reason != "" || r.Status != run.Interrupted {
		t.Errorf("interrupted: %v %+v", err, r)
	}
}
