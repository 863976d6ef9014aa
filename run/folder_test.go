package run_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// folder makes a folder with files: names with their contents, a name that ends in / is
// a folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		switch {
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		default:
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLook(t *testing.T) {
	type files = map[string]string
	for _, c := range []struct {
		name  string
		files files
		kind  run.Kind
		text  string
	}{
		{"nothing", nil, run.Empty, "nothing"},
		{"a lock and half a file", files{".lock": "", ".euryale-config.yaml-00000001.tmp": "x"}, run.Empty, "nothing"},
		{"a configuration that no run left", files{"config.yaml": "x"}, run.Configured, "config.yaml"},
		{"a file of another", files{"notes.txt": "x"}, run.Foreign, "notes.txt"},
		{"a file of another beside a lock", files{".lock": "", "notes.txt": "x"}, run.Foreign, "notes.txt"},
		{"two files", files{"config.yaml": "x", "notes.txt": "x"}, run.Foreign, "config.yaml"},
		{"checkpoints of another", files{"checkpoints/epoch3.ckpt": "x"}, run.Foreign, "checkpoints"},
		{"killed after config.yaml", files{".lock": "", "config.yaml": "x"}, run.Stepless, "a run without a step"},
		{"killed before the first step", files{".lock": "", "config.yaml": "x", "metrics.jsonl": "", "metrics.csv": "epoch,step\n", "checkpoints/": "", "figures/a.png": "x"},
			run.Stepless, "a run without a step"},
		{"half a first line", files{".lock": "", "config.yaml": "x", "metrics.jsonl": `{"kind":"st`}, run.Stepless, "a run without a step"},
		{"stopped before the first step", files{".lock": "", "config.yaml": "x", "summary.json": `{"status":"interrupted","steps":0}`}, run.Stepless, "a run without a step"},
		{"saved before the first step, by earlier versions", files{".lock": "", "config.yaml": "x", "checkpoints/resume-0.safetensors": "x", "checkpoints/last.safetensors": "x"},
			run.Stepless, "a run without a step"},
		{"a log beside it", files{".lock": "", "config.yaml": "x", "slurm.out": "x"}, run.Stepless, "a run without a step"},
		{"a step", files{".lock": "", "config.yaml": "x", "metrics.jsonl": "{}\n"}, run.Trained, "a run that is not finished"},
		{"a checkpoint", files{".lock": "", "config.yaml": "x", "checkpoints/last.safetensors": "x"}, run.Trained, "a run that is not finished"},
		{"best weights", files{".lock": "", "config.yaml": "x", "checkpoints/best.safetensors": "x"}, run.Trained, "a run that is not finished"},
		{"a checkpoint after one before the first step", files{".lock": "", "config.yaml": "x", "checkpoints/resume-0.safetensors": "x", "checkpoints/resume-4.safetensors": "x", "checkpoints/last.safetensors": "x"},
			run.Trained, "a run that is not finished"},
		{"slots alone", files{".lock": "", "config.yaml": "x", "checkpoints/resume-4.safetensors": "x"}, run.Trained, "a run that is not finished"},
		{"metrics that are a folder", files{".lock": "", "config.yaml": "x", "metrics.jsonl/": ""}, run.Trained, "a run that is not finished"},
		{"finished", files{".lock": "", "config.yaml": "x", "summary.json": `{"status":"finished","steps":7}`}, run.Trained, "a finished run of 7 steps"},
		{"finished, copied without its lock", files{"config.yaml": "x", "summary.json": `{"status":"finished","steps":7}`}, run.Trained, "a finished run of 7 steps"},
		{"without config.yaml, as a program's own", files{".lock": "", "checkpoints/": "", "metrics.jsonl": ""}, run.Stepless, "a run without a step"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.files == nil {
				c.files = files{}
			}
			got, err := run.Folder(folder(t, c.files)).Look()
			if err != nil || got.Kind != c.kind || got.String() != c.text {
				t.Errorf("%v, %v: %s; want %v: %s", err, got.Kind, got, c.kind, c.text)
			}
		})
	}
	if got, err := run.Folder(filepath.Join(t.TempDir(), "none")).Look(); err != nil || got.Kind != run.Empty {
		t.Errorf("a missing folder: %v, %v", got, err)
	}
	if _, err := run.Folder(filepath.Join(folder(t, files{"file": "x"}), "file")).Look(); err == nil {
		t.Error("a file is no folder, and no error came")
	}
}

func TestClaimAndDiscard(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "a", "b", "run")
	f, err := run.Folder(dir).Claim()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Folder(dir).Claim(); !errors.Is(err, run.ErrLocked) || !strings.Contains(err.Error(), "another process trains in "+dir) {
		t.Errorf("a second claim: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(root); len(entries) > 0 {
		t.Errorf("left after Discard: %v", entries)
	}
}

// TestDiscardKeepsWhatIsNotItsOwn discards a folder that was there, and one that holds
// a file of another.
func TestDiscardKeepsWhatIsNotItsOwn(t *testing.T) {
	there := folder(t, map[string]string{"config.yaml": "x", "checkpoints/mine.pt": "x", "notes.txt": "x"})
	f, err := run.Folder(there).Claim()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Discard(), f.Release()); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, _ := os.ReadDir(there)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{"checkpoints", "notes.txt"}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
}

// TestDiscardBesideANewHolder removes a folder whose lock another process takes as soon
// as it is free.
func TestDiscardBesideANewHolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	for range 200 {
		first, err := run.Folder(dir).Claim()
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- first.Discard() }()
		var second *run.Lock
		for second == nil {
			if second, err = run.Folder(dir).Claim(); err != nil && !errors.Is(err, run.ErrLocked) {
				t.Fatal(err)
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, run.LockFile)); err != nil {
			t.Fatal("the new holder's lock file is gone:", err)
		}
		if err := second.Discard(); err != nil {
			t.Fatal(err)
		}
	}
}
