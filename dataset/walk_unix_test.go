//go:build unix

package dataset

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe with an image's name would be waited for without end.
func TestFindImagesPipes(t *testing.T) {
	dir := writeFiles(t, t.TempDir(), folderFiles(t, "1.jpg"))
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.jpg"), 0o644); err != nil {
		t.Skip(err)
	}
	link(t, "pipe.jpg", filepath.Join(dir, "to.jpg"))
	found := FindImages(dir)
	if got := found.LeftOutText(); len(found.Images) != 1 || got != "2 that are no files" {
		t.Errorf("%v, left out %q", found.Images, got)
	}
}
