package cli

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/run"
)

// tree is all files below a folder with their contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			files[path] = "folder"
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestFolderInUse starts commands in folders where another one is at work: they change
// nothing there.
func TestFolderInUse(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "template").wants(t, Done, nil, nil)
	config, err := os.ReadFile("template/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	holders := map[string]map[string]string{
		"that has just locked":   {},
		"that writes its config": {".euryale-config.yaml-0badcafe.tmp": "half"},
		"that begins":            {"config.yaml": string(config), "checkpoints/.euryale-x-0badcafe.tmp": "half", "metrics.jsonl": "", "metrics.csv": ""},
		"that trains":            {"config.yaml": string(config), "metrics.jsonl": "{}\n", ".euryale-summary.json-0badcafe.tmp": "half"},
		"that has finished once": {"config.yaml": string(config), "summary.json": `{"status":"finished","steps":4}`},
	}
	for name, files := range holders {
		dir := filepath.Join(t.TempDir(), "run")
		for file, text := range files {
			write(t, filepath.Join(dir, file), text)
		}
		held, err := run.Folder(dir).Claim()
		if err != nil {
			t.Fatal(err)
		}
		before := tree(t, dir)
		for _, args := range [][]string{{"-out", dir}, {"-resume", "-out", dir}, {"-resume", "-out", dir, "-set", "train.epochs=9"}} {
			o := train(args...)
			o.wants(t, Failed, nil, []string{"another process trains in " + dir})
		}
		if after := tree(t, dir); !reflect.DeepEqual(after, before) {
			t.Errorf("a run %s: the folder changed from %v to %v", name, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
		}
		if err := held.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNotEmpty(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "finished").wants(t, Done, nil, nil)
	write(t, "begun/.lock", "")
	write(t, "begun/config.yaml", "model: {name: tiny}\n")
	write(t, "begun/metrics.jsonl", "{}\n")
	write(t, "own/config.yaml", "model: {name: tiny}\n")
	write(t, "other/.lock", "")
	write(t, "other/thesis.txt", "")
	for dir, words := range map[string]string{
		"finished": "a finished run of 4 steps", "begun": "a run that is not finished", "own": "it holds config.yaml", "other": "it holds thesis.txt",
	} {
		before := tree(t, dir)
		train("-out", dir).wants(t, Usage, nil, []string{"-out " + dir + " is not empty", words})
		if after := tree(t, dir); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: the folder changed", dir)
		}
	}
}

// TestStepless starts again in the folder of a run that was killed before its first step.
func TestStepless(t *testing.T) {
	inFolder(t)
	train("-quiet", "-out", "straight").wants(t, Done, nil, nil)
	config := tree(t, "straight")["straight/config.yaml"]
	for _, args := range [][]string{nil, {"-resume"}} {
		dir := fmt.Sprint("run", len(args))
		for file, text := range map[string]string{
			".lock": "", "config.yaml": config, "metrics.jsonl": `{"ki`, "metrics.csv": "", "figures/show_batch_before.png": "", "slurm.out": "mine",
			"summary.json": `{"status":"interrupted","steps":0}`, "checkpoints/.euryale-x-0badcafe.tmp": "half",
		} {
			write(t, filepath.Join(dir, file), text)
		}
		train(append(args, "-quiet", "-out", dir)...).wants(t, Done, nil, nil)
		if !reflect.DeepEqual(tensors(t, dir), tensors(t, "straight")) {
			t.Errorf("%v: other weights than those of a run in a new folder", args)
		}
		if after := tree(t, dir); after[filepath.Join(dir, "slurm.out")] != "mine" {
			t.Errorf("%v: a file of another is gone", args)
		}
	}
}

// TestManyStarts starts processes at once: one of them trains, and what it leaves is a
// complete run, whatever the others do.
func TestManyStarts(t *testing.T) {
	inFolder(t)
	const together = 4
	kinds := map[string]func(dir string, i int) []string{
		"new":          func(dir string, _ int) []string { return []string{"-out", dir} },
		"resumed":      func(dir string, _ int) []string { return []string{"-resume", "-out", dir} },
		"of each kind": func(dir string, i int) []string { return []string{"-out", dir, "-resume"}[:2+i%2] },
		"failing": func(dir string, i int) []string { // all but one give up and discard what is theirs
			if i == 0 {
				return []string{"-out", dir}
			}
			return []string{"-out", dir, "-set", "data.batch=9", "-set", "data.drop_last=true"}
		},
	}
	for name, args := range kinds {
		for round := range 2 {
			dir := fmt.Sprintf("%s %d", name, round)
			if name == "resumed" {
				if err := os.Mkdir(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			codes, said := startTogether(t, together, func(i int) []string { return append(args(dir, i), "-quiet", "-set", "train.epochs=1") })
			done := 0
			for i, code := range codes {
				switch {
				case code == Done:
					done++
				case code != Failed && code != Usage:
					t.Errorf("%s: exit code %d: %s", dir, code, said[i])
				case !strings.Contains(said[i], "another process trains in") && !strings.Contains(said[i], "is not empty: it holds a") && !strings.Contains(said[i], "nothing to resume") &&
					name != "failing":
					t.Errorf("%s: refused by %q", dir, said[i])
				}
			}
			if name == "failing" && done == 0 { // the good one came while a failing one had the folder
				continue
			}
			if done == 0 || done > 1 && name == "new" {
				t.Errorf("%s: %d of %d processes trained: %v\n%s", dir, done, together, codes, strings.Join(said, "\n"))
			}
			wantCompleteRun(t, dir)
		}
	}
}

// TestManyUnnamedStarts starts processes without -out in the same second: each has a
// folder of its own.
func TestManyUnnamedStarts(t *testing.T) {
	inFolder(t)
	codes, said := startTogether(t, 4, func(int) []string { return []string{"-quiet", "-set", "train.epochs=1"} })
	runs, _ := filepath.Glob("runs/*")
	if !slices.Equal(codes, []int{0, 0, 0, 0}) || len(runs) != 4 {
		t.Fatalf("codes %v, runs %v: %v", codes, runs, said)
	}
	for _, dir := range runs {
		wantCompleteRun(t, dir)
	}
}

// startTogether runs the training command in n processes and returns their exit codes
// and what they wrote to standard error.
func startTogether(t *testing.T, n int, args func(i int) []string) (codes []int, said []string) {
	t.Helper()
	processes, errs := make([]*exec.Cmd, n), make([]strings.Builder, n)
	for i := range processes {
		processes[i] = exec.Command(os.Args[0], args(i)...)
		processes[i].Env = append(os.Environ(), asCommand+"=plain")
		processes[i].Stderr = &errs[i]
	}
	for _, p := range processes {
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, p := range processes {
		stuck := time.AfterFunc(2*time.Minute, func() { p.Process.Kill() })
		p.Wait()
		stuck.Stop()
		codes, said = append(codes, p.ProcessState.ExitCode()), append(said, errs[i].String())
	}
	return codes, said
}

// wantCompleteRun checks that a folder has a finished run of one epoch and no more.
func wantCompleteRun(t *testing.T, dir string) {
	t.Helper()
	holds, err := run.Folder(dir).Look()
	if err != nil || !holds.Finished || holds.Steps != 2 {
		t.Errorf("%s: %v, it holds %s", dir, err, holds)
	}
	lines, err := run.Folder(dir).Lines()
	if err != nil || len(lines) != 3 {
		t.Errorf("%s: %v, %d lines of metrics, want 3", dir, err, len(lines))
	}
	for _, name := range []string{"config.yaml", ".lock", "checkpoints/last.safetensors", "checkpoints/best.safetensors", "checkpoints/resume-2.safetensors"} {
		if !exists(filepath.Join(dir, name)) {
			t.Errorf("%s lacks %s", dir, name)
		}
	}
	for path := range tree(t, dir) {
		if strings.HasSuffix(path, ".tmp") {
			t.Errorf("%s is left", path)
		}
	}
}
