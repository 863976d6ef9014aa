package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// link makes a symbolic link, for which Windows wants rights.
func link(t testing.TB, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
}

// namesBelow gives paths as they are below a folder.
func namesBelow(t testing.TB, dir string, paths []string) (names []string) {
	t.Helper()
	for _, p := range paths {
		name, err := filepath.Rel(dir, p)
		if err != nil || !filepath.IsLocal(name) {
			t.Errorf("%s is not below %s", p, dir)
		}
		names = append(names, filepath.ToSlash(name))
	}
	return names
}

func TestFindImagesHidden(t *testing.T) {
	dir := writeFiles(t, filepath.Join(t.TempDir(), ".root"), folderFiles(t, "1.jpg", "a/2.PNG", "a/b/c/3.webp", "._1.jpg", ".git/x.jpg",
		"a/.ipynb_checkpoints/2-checkpoint.png", "__MACOSX/a/._2.PNG", "a/@eaDir/SYNOPHOTO.jpg", "Thumbs.db", "a/desktop.ini", "lost+found/x.jpg",
		"notes.txt", "b.HEIC", "c.heic", "README", "x.", "strange.longer than an ending"))
	found := FindImages(dir)
	if want := []string{"1.jpg", "a/2.PNG", "a/b/c/3.webp"}; !slices.Equal(namesBelow(t, dir, found.Images), want) {
		t.Errorf("found %v, want %v", found.Images, want)
	}
	if got, want := found.LeftOutText(), "2 .heic, 2 without an ending, 1 .txt, 1 of other kinds"; got != want {
		t.Errorf("left out %q, want %q", got, want)
	}
	if len(found.Errs)+len(found.Broken)+len(found.Loops)+len(found.Repeated) > 0 {
		t.Errorf("%+v", found)
	}
}

func TestFindImagesThroughLinks(t *testing.T) {
	top := t.TempDir()
	dir := writeFiles(t, filepath.Join(top, "d"), folderFiles(t, "cat/1.jpg", "dog/2.jpg"))
	store := writeFiles(t, filepath.Join(top, "store"), folderFiles(t, "3.jpg", "deep/4.jpg", ".hidden/5.jpg", "note.txt"))
	link(t, store, filepath.Join(dir, "cat", "more"))                           // a folder
	link(t, filepath.Join("..", "..", "store"), filepath.Join(dir, "dog/a"))    // the same one, by a relative link
	link(t, filepath.Join(store, ".hidden/5.jpg"), filepath.Join(dir, "5.jpg")) // a file, whose own place does not matter
	link(t, filepath.Join(store, "none.jpg"), filepath.Join(dir, "cat/gone.jpg"))
	link(t, "self", filepath.Join(dir, "cat/self"))
	link(t, dir, filepath.Join(dir, "cat", "up"))                    // the root
	link(t, top, filepath.Join(dir, "cat", "top"))                   // above the root
	link(t, filepath.Join(dir, "cat"), filepath.Join(store, "back")) // a loop through two folders
	link(t, store, filepath.Join(dir, ".more"))
	for _, root := range []string{dir, filepath.Join(top, "link")} {
		if root != dir {
			link(t, dir, root)
		}
		found := FindImages(root)
		want := []string{"5.jpg", "cat/1.jpg", "cat/more/3.jpg", "cat/more/deep/4.jpg",
			"dog/2.jpg", "dog/a/3.jpg", "dog/a/back/1.jpg", "dog/a/deep/4.jpg"}
		if got := namesBelow(t, root, found.Images); !slices.Equal(got, want) {
			t.Errorf("found %v,\nwant  %v", got, want)
		}
		if got := namesBelow(t, root, found.Broken); !slices.Equal(got, []string{"cat/gone.jpg", "cat/self", "dog/a/back/gone.jpg", "dog/a/back/self"}) {
			t.Errorf("broken: %v", got)
		}
		// dog/a/back is cat, where "more" leads back to the store.
		if got := namesBelow(t, root, found.Loops); !slices.Equal(got, []string{"cat/more/back", "cat/top", "cat/up", "dog/a/back/more", "dog/a/back/top", "dog/a/back/up"}) {
			t.Errorf("loops: %v", got)
		}
		if got := namesBelow(t, root, found.Repeated); !slices.Equal(got, []string{"dog/a", "dog/a/back"}) {
			t.Errorf("repeated: %v", got)
		}
		if len(found.Errs) > 0 {
			t.Error(found.Errs)
		}
	}
}

// TestFindImagesEnds walks folders that all link to each other: more paths than atoms.
func TestFindImagesEnds(t *testing.T) {
	dir := t.TempDir()
	const n = 16
	for i := range n {
		writeFile(t, filepath.Join(dir, fmt.Sprint(i), "x.jpg"), nil)
		for j := range n {
			link(t, filepath.Join(dir, fmt.Sprint(j)), filepath.Join(dir, fmt.Sprint(i), fmt.Sprintf("to%d", j)))
		}
	}
	found := FindImages(dir)
	if len(found.Errs) != 1 || !strings.Contains(found.Errs[0].Error(), "links lead to folders that were read before") {
		t.Errorf("%d images, errors %v", len(found.Images), found.Errs)
	}
}

func TestFindImagesErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none")
	wantError(t, "no folder", FindImages(missing).Errs[0], ErrNoSet, missing)
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("every folder can be read here")
	}
	dir := writeFiles(t, t.TempDir(), folderFiles(t, "a/1.jpg", "b/2.jpg"))
	closed := filepath.Join(dir, "a")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(closed, 0o755)
	found := FindImages(dir)
	if len(found.Images) != 1 || len(found.Errs) != 1 {
		t.Fatalf("%+v", found)
	}
	wantError(t, "closed folder", found.Errs[0], ErrNoSet, closed, "permission denied")
}
