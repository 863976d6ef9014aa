package trainer

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/euryale-ml/euryale/run"
)

// checkpoints makes a run's folder with an empty folder of checkpoints.
func checkpoints(t *testing.T) (f run.Folder, dir string) {
	t.Helper()
	f = run.Folder(t.TempDir())
	dir = f.Path(run.CheckpointDir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return f, dir
}

// TestBestWithoutLinks copies where a file system, such as exFAT or a network's, has no
// links.
func TestBestWithoutLinks(t *testing.T) {
	link = func(string, string) error { return errors.ErrUnsupported }
	defer func() { link = os.Link }()
	folder, dir := checkpoints(t)
	for _, text := range []string{"one", "two"} {
		if err := os.WriteFile(filepath.Join(dir, run.LastFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := linkBest(folder); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, run.BestFile)); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left: %v", entries)
	}
}

// TestOldResumesThatStay has resume files that cannot be removed: no checkpoint fails.
func TestOldResumesThatStay(t *testing.T) {
	folder, dir := checkpoints(t)
	inUse := filepath.Join(dir, run.ResumeFile(1)) // a folder that is not empty stands for it
	if err := os.MkdirAll(filepath.Join(inUse, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, step := range []int{2, 3} {
		if err := os.WriteFile(filepath.Join(dir, run.ResumeFile(step)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeOldResumes(folder, 3); err != nil {
		t.Error(err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 2 && runtime.GOOS != "windows" {
		t.Errorf("left: %v", entries)
	}
}
