package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/trainer"
)

// sweepCommand is the program with two recipes.
func sweepCommand() Command {
	other := strings.Replace(tinyRecipe, "lr: 0.01", "lr: 0.02", 1)
	return Commands(Recipe{Name: "tiny", Config: []byte(tinyRecipe)}, Recipe{Name: "other", Config: []byte("name: faster\n" + other)})
}

func sweepOf(args ...string) outcome {
	return runCommand(context.Background(), sweepCommand(), "", append([]string{"sweep"}, args...)...)
}

func TestSweep(t *testing.T) {
	inFolder(t)
	o := sweepOf("tiny", "other", "-seeds", "1,2", "-out", "s", "-set", "train.epochs=1", "-dry-run")
	o.wants(t, Done, []string{"tiny", "faster", "new", filepath.Join("s", "tiny-seed1"), filepath.Join("s", "faster-seed2")}, nil)
	if exists("s") {
		t.Fatal("a dry run left a folder")
	}
	args := []string{"tiny", "other", "-seeds", "1,2", "-out", "s", "-set", "train.epochs=1", "-quiet"}
	o = sweepOf(args...)
	o.wants(t, Done, []string{"finished", "report: " + filepath.Join("s", "report.html")}, []string{"run 1 of 4, tiny seed 1", "run 4 of 4, faster seed 2"})
	for _, name := range []string{"tiny-seed1", "tiny-seed2", "faster-seed1", "faster-seed2"} {
		if c, err := readRunConfig(filepath.Join("s", name)); err != nil || fmt.Sprintf("%s-seed%d", c.Name, c.Seed) != name {
			t.Errorf("%s: %v, called %s with seed %d", name, err, c.Name, c.Seed)
		}
	}
	page, _ := os.ReadFile("s/report.html")
	if !strings.Contains(string(page), "<summary>faster</summary>") || !exists("s/report.md") || !exists("s/comparison.png") {
		t.Error("no report on the runs")
	}

	before := modified(t, "s/tiny-seed1/summary.json")
	o = sweepOf(append(args, "-json", "-set", "threads=1")...)
	o.wants(t, Done, nil, []string{"finished before"})
	var got struct {
		Runs []struct {
			Name, State, Folder string
			Seed                uint64
			Result              struct{ Epochs int }
		}
		Report string
	}
	if err := json.Unmarshal([]byte(o.out), &got); err != nil || len(got.Runs) != 4 || got.Runs[3].State != "finished" || got.Runs[3].Result.Epochs != 1 || got.Report == "" {
		t.Errorf("%v: %s", err, o.out)
	}
	if !before.Equal(modified(t, "s/tiny-seed1/summary.json")) {
		t.Error("a finished run was made again")
	}

	o = sweepOf("tiny", "other", "-seeds", "1,3", "-out", "s", "-set", "optim.lr=0.5")
	o.wants(t, Usage, nil, []string{filepath.Join("s", "tiny-seed1"), "optim.lr: 0.01 → 0.5", "train.epochs: 1 → 2", "other settings"})
	if exists("s/tiny-seed3") {
		t.Error("a run was begun though another has other settings")
	}
}

func modified(t *testing.T, path string) time.Time {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

func TestSweepGoesOnAfterAFailure(t *testing.T) {
	inFolder(t)
	write(t, "bad.yaml", "name: bad\n"+strings.Replace(tinyRecipe, "lr: 0.01", "lr: 1e30", 1))
	o := sweepOf("-config", "bad.yaml", "tiny", "-out", "s", "-set", "train.epochs=1", "-quiet")
	o.wants(t, Failed, []string{"failed", "finished", "report: "}, []string{"run 2 of 2, bad seed 42: failed: ", "diverged"})
	write(t, "worse.yaml", strings.Replace(tinyRecipe, "set: drawn", "set: image-folder, root: nowhere", 1))
	o = sweepOf("-config", "worse.yaml", "-config", "bad.yaml", "-out", "s", "-set", "train.epochs=1", "-quiet")
	o.wants(t, Failed, []string{"worse", "failed"}, []string{"nowhere", "bad seed 42: failed"})
	if exists("s/worse-seed42") {
		t.Error("a run that could not begin left a folder")
	}
}

func TestSweepStopsAndGoesOn(t *testing.T) {
	inFolder(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	sweepAttached = func(n *session) {
		n.trainer.AddHook(trainer.Hook{Name: "stop", Step: func(e trainer.StepEvent) error {
			if n.config.Seed == 2 && e.Step == 3 {
				cancel(ErrStopped)
			}
			return nil
		}})
	}
	defer func() { sweepAttached = nil }()
	args := []string{"sweep", "tiny", "-seeds", "1,2,3", "-out", "s", "-quiet"}
	o := runCommand(ctx, sweepCommand(), "", args...)
	o.wants(t, Stopped, []string{"finished", "interrupted", "new"}, []string{"the same command resumes"})
	if exists("s/report.html") {
		t.Error("a report on half a sweep")
	}
	sweepAttached = nil
	o = runCommand(t.Context(), sweepCommand(), "", append(args, "-set", "data.workers=2")...)
	o.wants(t, Done, []string{"report: "}, []string{"tiny seed 1: finished before", "run 2 of 3, tiny seed 2, resuming in", "; 1 more, about"})
	if c, err := readRunConfig("s/tiny-seed2"); err != nil || c.Data.Workers != 2 {
		t.Errorf("%v, %d workers", err, c.Data.Workers)
	}
	metrics, _ := os.ReadFile("s/tiny-seed2/metrics.jsonl")
	if n := strings.Count(string(metrics), `"kind":"step"`); n != 4 {
		t.Errorf("%d step lines, want 4", n)
	}
}

func TestSweepUsage(t *testing.T) {
	inFolder(t)
	write(t, "full/tiny-seed42/x", "")
	write(t, "tiny.yaml", tinyRecipe)
	for _, c := range []struct {
		args []string
		err  []string
	}{
		{nil, []string{"which recipes? some of tiny, other"}},
		{[]string{"tinny"}, []string{`did you mean "tiny"?`}},
		{[]string{"tiny", "-seeds", "1,x"}, []string{`"x" is no seed`}},
		{[]string{"tiny", "-seeds", "1,1"}, []string{"given twice"}},
		{[]string{"tiny", "-seeds", "-1"}, []string{`"-1" is no seed`}},
		{[]string{"tiny", "tiny"}, []string{"two of these runs are called tiny"}},
		{[]string{"tiny", "other", "-set", "name=x"}, []string{"two of these runs are called x"}},
		{[]string{"tiny", "-config", "tiny.yaml"}, []string{"two of these runs"}},
		{[]string{"-config", "none.yaml"}, []string{"none.yaml"}},
		{[]string{"tiny", "-set", "optim.lrr=1"}, []string{"optim.lrr", "optim.lr"}},
		{[]string{"tiny", "-out", "full"}, []string{"not empty"}},
		{[]string{"tiny", "-seed", "1"}, []string{"-seeds"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			sweepOf(c.args...).wants(t, Usage, nil, c.err)
			if exists(RunsDir) {
				t.Error("a run was begun")
			}
		})
	}
	sweepOf("-h").wants(t, Done, []string{"-seeds", "-dry-run", "Recipes: tiny, other"}, nil)
}
