package smallfile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/internal/smallfile"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("12345"), 0o644); err != nil {
		t.Fatal(err)
	}
	if data, err := smallfile.Read(path, 5); err != nil || string(data) != "12345" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := smallfile.Read(path, 4); err == nil || !strings.Contains(err.Error(), path+" has more than the 4 bytes") {
		t.Errorf("too large: %v", err)
	}
	if err := os.Truncate(path, 1<<40); err == nil { // where a file may have holes
		if _, err := smallfile.Read(path, 1<<20); err == nil || !strings.Contains(err.Error(), "has more than") {
			t.Errorf("a terabyte: %v", err)
		}
	}
	for _, bad := range []string{dir, os.DevNull, "/dev/zero"} {
		if _, err := smallfile.Read(bad, 5); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if _, err := smallfile.Read(filepath.Join(dir, "none"), 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestInput reads a pipe, as the shell's <(command) is, but neither a device nor a folder.
func TestInput(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		t.Skip("pipes have no names here")
	}
	w.WriteString("model: {name: vgg16}\n")
	w.Close()
	if data, err := smallfile.Input(path, 100); err != nil || string(data) != "model: {name: vgg16}\n" {
		t.Errorf("%q, %v", data, err)
	}
	for _, bad := range []string{"/dev/zero", t.TempDir()} {
		if _, err := smallfile.Input(bad, 5); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
