package trainer_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// copyRun copies a run's folder.
func copyRun(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// resume trains to the end.
func resume(t *testing.T, dir string, change func(*trainer.Config)) {
	t.Helper()
	tr := start(t, func(c *trainer.Config) { change(c); c.Dir, c.Resume = dir, true })
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
}

// stoppedAt is a run's folder after so many steps, the last of an epoch.
func stoppedAt(t *testing.T, steps int) string {
	t.Helper()
	dir, report := undisturbed(t, func(c *trainer.Config) { betterAndBetter(c); c.MaxSteps = steps })
	if report.Best.Step != steps {
		t.Fatalf("the best of %d steps is after %d: the test wants the last", steps, report.Best.Step)
	}
	return dir
}

// betterAndBetter is a set-up whose second epoch is the best so far.
func betterAndBetter(c *trainer.Config) { c.Seed = 1 }

// TestAKillBetweenFileOperations puts together the folders that a kill leaves while a
// checkpoint is written: some files are of the step before, some of the new one.
func TestAKillBetweenFileOperations(t *testing.T) {
	whole, _ := undisturbed(t, betterAndBetter)
	before, after := stoppedAt(t, 3), stoppedAt(t, 6)
	at := func(dir, name string) string { return filepath.Join(dir, run.CheckpointDir, name) }
	steps := []func(dir string) error{
		func(dir string) error { // the metrics of the new steps, the last line torn
			data, err := os.ReadFile(filepath.Join(after, "metrics.jsonl"))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "metrics.jsonl"), data[:len(data)-9], 0o644)
		},
		func(dir string) error {
			return copyFile(filepath.Join(after, "metrics.jsonl"), filepath.Join(dir, "metrics.jsonl"))
		},
		func(dir string) error {
			return copyFile(filepath.Join(after, "metrics.csv"), filepath.Join(dir, "metrics.csv"))
		},
		func(dir string) error { // a temporary file
			return os.WriteFile(at(dir, ".euryale-resume-6.safetensors-00000001.tmp"), []byte("half"), 0o644)
		},
		func(dir string) error {
			return copyFile(at(after, "resume-6.safetensors"), at(dir, "resume-6.safetensors"))
		},
		func(dir string) error { return copyFile(at(after, run.LastFile), at(dir, run.LastFile)) },
		func(dir string) error { return os.Remove(at(dir, run.BestFile)) },
		func(dir string) error { return copyFile(at(after, run.BestFile), at(dir, run.BestFile)) },
		func(dir string) error { return os.Remove(at(dir, "resume-3.safetensors")) },
	}
	for n := range len(steps) + 1 {
		dir := copyRun(t, before)
		for i, step := range steps[:n] {
			if err := step(dir); err != nil {
				t.Fatalf("operation %d: %v", i, err)
			}
		}
		resume(t, dir, betterAndBetter)
		compareRuns(t, dir, whole, fmt.Sprintf("killed after %d operations", n))
	}
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	os.Remove(to) // it may be linked
	return os.WriteFile(to, data, 0o644)
}

// compareRuns compares what two runs left: weights, best weights, metrics, files.
func compareRuns(t *testing.T, dir, want, what string) {
	t.Helper()
	if !bytes.Equal(weights(t, dir), weights(t, want)) {
		t.Errorf("%s: the final weights differ", what)
	}
	read := func(dir string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, run.CheckpointDir, run.BestFile))
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return data
	}
	if !bytes.Equal(read(dir), read(want)) {
		t.Errorf("%s: the best weights differ", what)
	}
	sameMetrics(t, dir, want)
	if got, want := files(t, dir), files(t, want); got != want {
		t.Errorf("%s: files %s, want %s", what, got, want)
	}
}

func files(t *testing.T, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		names = append(names, strings.TrimPrefix(path, dir))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func everyStep(c *trainer.Config) { c.SaveEverySteps = 1 }

const childDir = "EURYALE_TEST_RUN"

// TestChild is the run that TestAKilledProcess kills.
func TestChild(t *testing.T) {
	dir := os.Getenv(childDir)
	if dir == "" {
		t.Skip("a part of TestAKilledProcess")
	}
	tr := start(t, func(c *trainer.Config) {
		_, err := os.Stat(dir)
		c.Dir, c.Resume, c.SaveEverySteps = dir, err == nil, 1
	})
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestAKilledProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	whole, _ := undisturbed(t, everyStep)
	dir := filepath.Join(t.TempDir(), "run")
	for i := range 12 {
		child := exec.Command(os.Args[0], "-test.run=^TestChild$")
		child.Env = append(os.Environ(), childDir+"="+dir)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(20+17*i)*time.Millisecond, func() { child.Process.Kill() })
		if child.Wait() == nil {
			break
		}
	}
	resume(t, dir, everyStep)
	compareRuns(t, dir, whole, "killed again and again")
}
