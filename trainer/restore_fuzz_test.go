package trainer_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// FuzzRestore resumes a run of 5 steps whose position holds anything: it is an error that
// changes nothing, or the run trains to its 7th step.
func FuzzRestore(f *testing.F) {
	const resume = "resume-5.safetensors"
	base := f.TempDir()
	first := start(f, func(c *trainer.Config) { c.Dir, c.MaxSteps = base, 5 })
	if _, err := first.Fit(context.Background()); err != nil {
		f.Fatal(err)
	}
	first.Close()
	slots, err := checkpoint.Read(filepath.Join(base, run.CheckpointDir, resume))
	if err != nil {
		f.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range []string{"metrics.jsonl", "metrics.csv", run.SummaryFile, "split.json", filepath.Join(run.CheckpointDir, run.LastFile)} {
		data, err := os.ReadFile(filepath.Join(base, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			f.Fatal(err)
		}
		if err == nil {
			files[name] = data
		}
	}
	const key = "euryale.position"
	f.Add(slots.Metadata[key], 0, 0, 0, 0.0, 0.0, false, "", int64(0))
	f.Add("", 2, 2, 5, 1.0, 0.5, false, "", int64(0))
	f.Add("", 2, -1, 5, -1e300, math.Inf(1), false, "none", int64(0))
	f.Add("", math.MaxInt, math.MaxInt, 5, 0.0, 1.0, false, "", int64(0))
	f.Add("", 1, 0, 5, 0.0, 1e308, true, "fc.weight", int64(-7))
	f.Add("null", 0, 0, 0, 0.0, 0.0, false, "", int64(0))
	// A run takes tenths of a second: numbers are changed one by one, and seldom the text.
	f.Fuzz(func(t *testing.T, text string, epoch, batch, step int, seconds, accuracy float64, complete bool, frozen string, since int64) {
		position := text
		if text == "" {
			of := map[string]any{"epoch": epoch, "batch": batch, "step": step, "complete": complete} // complete: of earlier versions
			if !math.IsNaN(seconds) && !math.IsInf(seconds, 0) {
				of["seconds"] = seconds
			}
			if !math.IsNaN(accuracy) && !math.IsInf(accuracy, 0) {
				of["best"] = map[string]any{"step": step, "epoch": epoch, "accuracy": accuracy}
			}
			if frozen != "" {
				of["frozen"], of["since"] = []string{frozen}, map[string]int64{"fc.bias": since, frozen: since}
			}
			data, err := json.Marshal(of)
			if err != nil {
				t.Fatal(err)
			}
			position = string(data)
		}
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, run.CheckpointDir), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		changed := *slots
		changed.Metadata = maps.Clone(slots.Metadata)
		changed.Metadata[key] = position
		if err := checkpoint.Write(filepath.Join(dir, run.CheckpointDir, resume), &changed); err != nil {
			t.Skip(err) // no text
		}
		before := contents(t, dir)
		train, test, c := setUp(t, func(c *trainer.Config) { c.Dir, c.Resume, c.MaxSteps, c.Workers = dir, true, 7, 1 })
		tr, err := trainer.New(newTiny(len(train.Classes())), train, test, c)
		if err != nil {
			if !maps.Equal(before, contents(t, dir)) {
				t.Errorf("an error, and the folder has changed: %v", err)
			}
			return
		}
		defer tr.Close()
		report, err := tr.Fit(context.Background())
		if _, step := tr.Position(); err != nil || step != 7 && !(step == 5 && tr.Complete()) || report.Status != run.Finished {
			t.Errorf("step %d, status %s, %v", step, report.Status, err)
		}
	})
}
