package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func mustWrite(t *testing.T, path, s string) {
	t.Helper()
	if err := atomicfile.Write(path, 0o644, text(s)); err != nil {
		t.Fatal(err)
	}
}

// wantOnly checks that dir holds one file with the given contents.
func wantOnly(t *testing.T, dir, name, contents string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != name {
		t.Fatalf("the folder holds %v, want only %s", entries, name)
	}
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || string(got) != contents {
		t.Fatalf("%s holds %q, %v; want %q", name, got, err, contents)
	}
}

func TestWriteCreatesAndReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	mustWrite(t, path, "old")
	wantOnly(t, dir, "a.txt", "old")
	long := strings.Repeat("new ", 1<<16)
	mustWrite(t, path, long)
	wantOnly(t, dir, "a.txt", long)
	if runtime.GOOS != "windows" {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o600 != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
}

func TestFailureKeepsTheOldFile(t *testing.T) {
	disk := fmt.Errorf("pretended: %w", syscall.ENOSPC)
	for _, before := range []int{0, 10, 1 << 20} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.txt")
		mustWrite(t, path, "old")
		err := atomicfile.Write(path, 0o644, func(w io.Writer) error {
			if _, err := w.Write(make([]byte, before)); err != nil {
				return err
			}
			return disk
		})
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
			t.Errorf("after %d bytes: error %v, want one that wraps the writer's and names the file", before, err)
		}
		wantOnly(t, dir, "a.txt", "old")
	}
}

func TestPanicKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	mustWrite(t, path, "old")
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = atomicfile.Write(path, 0o644, func(io.Writer) error { panic("defect") })
	}()
	wantOnly(t, dir, "a.txt", "old")
}

func TestBadTargets(t *testing.T) {
	dir := t.TempDir()
	mustWrite(t, filepath.Join(dir, "file"), "x")
	for path, want := range map[string]string{
		dir:                                  "is a folder",
		filepath.Join(dir, "missing", "a"):   "missing",
		filepath.Join(dir, "file", "a"):      "file",
		filepath.Join(dir, "no\x00name.txt"): "invalid",
	} {
		err := atomicfile.Write(path, 0o644, text("x"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Write(%q): error %v, want one with %q", path, err, want)
		}
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		err := atomicfile.Write("/dev/full", 0o644, text("x"))
		if err == nil || !strings.Contains(err.Error(), "/dev/full: is not a regular file") {
			t.Errorf("Write(/dev/full): error %v", err)
		}
	}
	wantOnly(t, dir, "file", "x")
}

func TestLinkIsFollowed(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	real, link := filepath.Join(elsewhere, "real"), filepath.Join(dir, "link")
	mustWrite(t, real, "old")
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	mustWrite(t, link, "new")
	wantOnly(t, elsewhere, "real", "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced by a file")
	}
}

func TestClean(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	mustWrite(t, path, "kept")
	var left string // the temporary file, as a kill in the middle would leave it
	_ = atomicfile.Write(path, 0o644, func(w io.Writer) error {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if atomicfile.IsTemporary(e.Name()) {
				left = e.Name()
			}
		}
		return errors.New("stop")
	})
	if left == "" {
		t.Fatal("the temporary file is not in the target's folder under a name that IsTemporary knows")
	}
	if err := os.WriteFile(filepath.Join(dir, left), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Clean(dir); err != nil {
		t.Fatal(err)
	}
	wantOnly(t, dir, "a.txt", "kept")
	if err := atomicfile.Clean(filepath.Join(dir, "missing")); err != nil {
		t.Errorf("Clean of a missing folder: %v", err)
	}
}

// TestCleanAll cleans folders below, but none that another process may hold, and removes
// nothing that Write would not have left.
func TestCleanAll(t *testing.T) {
	dir := t.TempDir()
	left := atomicfile.Prefix + "a.png-00000001" + atomicfile.Suffix
	for _, name := range []string{".lock", left, "figures/" + left, "figures/samples/" + left, "figures/samples/a.tmp", "track/box/.lock", "track/box/" + left, "track/" + left} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mustWrite(t, path, "x")
	}
	if err := atomicfile.CleanAll(dir, ".lock"); err != nil {
		t.Fatal(err)
	}
	var files []string
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if got, want := strings.Join(files, " "), ".lock figures/samples/a.tmp track/box/"+left+" track/box/.lock"; got != want {
		t.Errorf("left: %s, want %s", got, want)
	}
	if err := atomicfile.CleanAll(filepath.Join(dir, "missing"), ".lock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing folder: %v", err)
	}
}
