package trainer_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// contents are the files of a folder with what they hold, but for the lock.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() == run.LockFile {
			return err
		}
		if all[path] = "folder"; !d.IsDir() {
			data, err := os.ReadFile(path)
			all[path] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestALostCheckpoint resumes folders whose last checkpoint is not there or damaged: an
// error that says what is missing, what is there and what to do, and nothing is changed.
func TestALostCheckpoint(t *testing.T) {
	finished, _ := undisturbed(t, betterAndBetter)
	truncated := func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()-5)
	}
	spoilt := func(path string) error {
		f, err := checkpoint.Read(path)
		if err != nil {
			return err
		}
		for _, tensor := range f.Tensors {
			if values, ok := tensor.Data.([]float32); ok {
				values[3] = float32(math.NaN())
			}
		}
		return checkpoint.Write(path, f)
	}
	other := func(change func(f *checkpoint.File)) func(path string) error {
		return func(path string) error {
			f, err := checkpoint.Read(path)
			if err != nil {
				return err
			}
			change(f)
			return checkpoint.Write(path, f)
		}
	}
	const last, best, resume = "checkpoints/last.safetensors", "checkpoints/best.safetensors", "checkpoints/resume-9.safetensors"
	for name, c := range map[string]struct {
		removed []string
		spoil   string
		by      func(path string) error
		want    string
	}{
		"last is gone":                 {[]string{last}, "", nil, "last.safetensors is missing; there are best.safetensors, resume-9.safetensors, metrics.jsonl up to step 9, summary.json; nothing was changed: put the file back"},
		"last is gone, no summary":     {[]string{last, "summary.json"}, "", nil, "there are best.safetensors, resume-9"},
		"only the resume file is left": {[]string{last, best, "summary.json", "metrics.jsonl"}, "", nil, "there are resume-9.safetensors; nothing"},
		"only the metrics are left":    {[]string{last, best, resume, "summary.json"}, "", nil, "there are metrics.jsonl up to step 9; nothing was changed"},
		"only the best is left":        {[]string{last, resume, "summary.json", "metrics.jsonl"}, "", nil, "best.safetensors (model.weights)"},
		"only the summary is left":     {[]string{last, best, resume, "metrics.jsonl"}, "", nil, "there are summary.json"},
		"no checkpoints":               {[]string{"checkpoints"}, "", nil, "there are metrics.jsonl up to step 9, summary.json"},
		"the resume file is gone":      {[]string{resume}, "", nil, "is of step 9, but "},
		"last is truncated":            {nil, last, truncated, "last.safetensors cannot be read: "},
		"the resume file is truncated": {nil, resume, truncated, "resume-9.safetensors cannot be read: "},
		"last is empty":                {nil, last, func(path string) error { return os.Truncate(path, 0) }, "last.safetensors cannot be read: "},
		"last holds NaN":               {nil, last, spoilt, "last.safetensors: training diverged: "},
		"last lacks a tensor":          {nil, last, other(func(f *checkpoint.File) { f.Tensors = f.Tensors[1:] }), "last.safetensors: tensors do not match the model: it lacks "},
		"last holds another": {nil, last, other(func(f *checkpoint.File) {
			f.Tensors = append(f.Tensors, checkpoint.Tensor{Name: "other.weight", Shape: []int{1}, Data: []float32{1}})
		}), "it holds other.weight, which the model does not have"},
		"last has another shape": {nil, last, other(func(f *checkpoint.File) {
			f.Tensors[0].Shape = append([]int{1}, f.Tensors[0].Shape...)
		}), "last.safetensors: tensors do not match the model: "},
		"a slot holds NaN": {nil, resume, spoilt, "resume-9.safetensors: training diverged: "},
	} {
		dir := copyRun(t, finished)
		for _, name := range c.removed {
			if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				t.Fatal(err)
			}
		}
		if c.spoil != "" {
			if err := c.by(filepath.Join(dir, filepath.FromSlash(c.spoil))); err != nil {
				t.Fatal(err)
			}
		}
		before := contents(t, dir)
		for _, epochs := range []int{3, 6} {
			train, test, config := setUp(t, func(c *trainer.Config) { betterAndBetter(c); c.Dir, c.Resume, c.Epochs = dir, true, epochs })
			tr, err := trainer.New(newTiny(4), train, test, config)
			if err == nil {
				tr.Close()
			}
			if !errors.Is(err, trainer.ErrFolder) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "nothing was changed") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if !maps.Equal(before, contents(t, dir)) {
			t.Errorf("%s: the folder was changed", name)
		}
	}
}

// TestKilledInTheFirstCheckpoint resumes folders of runs that were killed before their
// first checkpoint was complete: they begin again.
func TestKilledInTheFirstCheckpoint(t *testing.T) {
	whole, _ := undisturbed(t, betterAndBetter)
	first := stoppedAt(t, 3)
	for name, removed := range map[string][]string{
		"before the resume file": {"checkpoints/last.safetensors", "checkpoints/best.safetensors", "checkpoints/resume-3.safetensors", "predictions.jsonl"},
		"before last":            {"checkpoints/last.safetensors", "checkpoints/best.safetensors"},
		"no folder yet":          {"checkpoints", "metrics.csv"},
	} {
		dir := copyRun(t, first)
		for _, file := range append(removed, "summary.json") {
			if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(file))); err != nil {
				t.Fatal(err)
			}
		}
		resume(t, dir, betterAndBetter)
		compareRuns(t, dir, whole, name)
	}
}

// TestDamagedMetrics resumes a run whose metrics are damaged: after the checkpoint they
// are cut, before it they are an error that names the line and changes nothing.
func TestDamagedMetrics(t *testing.T) {
	whole, _ := undisturbed(t, betterAndBetter)
	first := stoppedAt(t, 3)
	metrics := func(dir string) string { return filepath.Join(dir, "metrics.jsonl") }
	data, err := os.ReadFile(metrics(first))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	for _, tail := range []string{"nonsense\n" + lines[0], strings.Repeat("\x00", 9000), "\n\n", "{}\n[]\nnull\n", `{"kind":"step"`} {
		dir := copyRun(t, first)
		if err := os.WriteFile(metrics(dir), []byte(string(data)+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		resume(t, dir, betterAndBetter)
		compareRuns(t, dir, whole, "damage after the checkpoint")
	}
	dir := copyRun(t, first)
	if err := os.WriteFile(metrics(dir), []byte(lines[0]+"nonsense\n"+strings.Join(lines[1:], "")), 0o644); err != nil {
		t.Fatal(err)
	}
	before := contents(t, dir)
	train, test, config := setUp(t, func(c *trainer.Config) { betterAndBetter(c); c.Dir, c.Resume = dir, true })
	_, err = trainer.New(newTiny(4), train, test, config)
	if !errors.Is(err, trainer.ErrFolder) || !strings.Contains(err.Error(), "metrics.jsonl: line 2, which is before the checkpoint of step 3") {
		t.Errorf("damage before the checkpoint: %v", err)
	}
	if !maps.Equal(before, contents(t, dir)) {
		t.Error("the folder was changed")
	}
}

// TestTemporaryFiles resumes a folder with what kills left of files in every folder below.
func TestTemporaryFiles(t *testing.T) {
	dir := stoppedAt(t, 3)
	for _, name := range []string{".", "checkpoints", "figures", "figures/samples"} {
		path := filepath.Join(dir, filepath.FromSlash(name), ".euryale-a-00000001.tmp")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	resume(t, dir, betterAndBetter)
	if left := files(t, dir); strings.Contains(left, ".tmp") {
		t.Error(left)
	}
}

// TestRemovedMetrics resumes a run whose metrics somebody removed: it trains to the same
// weights, with a warning that says how many steps have no line.
func TestRemovedMetrics(t *testing.T) {
	complete, _ := undisturbed(t, betterAndBetter)
	dir := copyRun(t, stoppedAt(t, 6))
	if err := os.Remove(filepath.Join(dir, "metrics.jsonl")); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	resume(t, dir, func(c *trainer.Config) { betterAndBetter(c); c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if !bytes.Equal(weights(t, dir), weights(t, complete)) {
		t.Error("the weights differ")
	}
	if !strings.Contains(log.String(), "lacks 6 of the 6 steps before the checkpoint") {
		t.Errorf("logged: %s", log.String())
	}
}

// TestOtherBatches resumes within an epoch, which wants the same batches in the same order,
// and between two epochs, which does not.
func TestOtherBatches(t *testing.T) {
	for _, c := range []struct {
		what   string
		step   int
		change func(*trainer.Config)
		want   string
	}{
		{"the same", 4, func(*trainer.Config) {}, ""},
		{"another size", 4, func(c *trainer.Config) { c.Batch = 5 }, "after 1 batches of 8 images in epoch 2, in the order of seed 7, but now Batch is 5 and Seed 7"},
		{"another seed", 4, func(c *trainer.Config) { c.Seed = 8 }, "Seed 8"},
		{"another size between epochs", 3, func(c *trainer.Config) { c.Batch = 5 }, ""},
	} {
		dir, _ := undisturbed(t, func(config *trainer.Config) { config.MaxSteps = c.step })
		before := contents(t, dir)
		train, test, config := setUp(t, func(config *trainer.Config) { c.change(config); config.Dir, config.Resume = dir, true })
		tr, err := trainer.New(newTiny(4), train, test, config)
		if (err != nil) != (c.want != "") || err != nil && (!errors.Is(err, trainer.ErrFolder) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
		if err != nil && !maps.Equal(before, contents(t, dir)) {
			t.Errorf("%s: the folder was changed", c.what)
		}
		if tr != nil {
			tr.Close()
		}
	}
}
