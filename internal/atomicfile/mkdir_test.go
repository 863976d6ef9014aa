package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestMkdirAll makes folders of several levels and checks that the folder of each new name
// is synced, the innermost first, and none besides.
func TestMkdirAll(t *testing.T) {
	defer func() { syncDir = SyncDir }()
	root := t.TempDir()
	join := func(names ...string) string { return filepath.Join(append([]string{root}, names...)...) }
	for _, c := range []struct {
		path   string
		synced []string
	}{
		{join("a"), []string{root}},
		{join("a"), nil},
		{join("a", "b", "c") + "/", []string{join("a", "b"), join("a")}},
		{join("a", "b", "..", "d"), []string{join("a")}},
	} {
		var synced []string
		syncDir = func(dir string) error {
			synced = append(synced, dir)
			return SyncDir(dir)
		}
		if err := MkdirAll(c.path, 0o755); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(c.path); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", c.path, err)
		}
		if !slices.Equal(synced, c.synced) {
			t.Errorf("%s: synced %v, want %v", c.path, synced, c.synced)
		}
	}
}

func TestMkdirAllFails(t *testing.T) {
	defer func() { syncDir = SyncDir }()
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below"), filepath.Join(root, "a\x00b")} {
		if err := MkdirAll(path, 0o755); err == nil {
			t.Errorf("%q was made", path)
		}
	}
	syncDir = func(string) error { return fs.ErrPermission }
	if err := MkdirAll(filepath.Join(root, "closed", "a"), 0o755); err != nil {
		t.Errorf("a parent that cannot be opened: %v", err)
	}
	bad := errors.New("input/output error")
	syncDir = func(string) error { return bad }
	if err := MkdirAll(filepath.Join(root, "b"), 0o755); !errors.Is(err, bad) {
		t.Errorf("a sync that fails: %v", err)
	}
}
