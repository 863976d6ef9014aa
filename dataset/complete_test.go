package dataset

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
}

// wantFiles compares files below root with what they should hold.
func wantFiles(t *testing.T, what, root string, files map[string][]byte) {
	t.Helper()
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err != nil || string(got) != string(want) {
			t.Errorf("%s: %s: %v, or not what it should hold", what, name, err)
		}
	}
}

// A set that lacks files is completed, and what lies there stays.
func TestDownloadCompletes(t *testing.T) {
	for _, c := range []struct {
		what   string
		spoil  func(t *testing.T, root string)
		lacked int64
	}{
		{"images of a list", func(t *testing.T, root string) {
			remove(t, filepath.Join(root, "images", "Birman_2.jpg"), filepath.Join(root, "images", "beagle_1.jpg"))
		}, 2},
		{"an image of the test list", func(t *testing.T, root string) { remove(t, filepath.Join(root, "images", "Abyssinian_3.jpg")) }, 1},
		{"a list", func(t *testing.T, root string) { remove(t, filepath.Join(root, "annotations", "test.txt")) }, 0},
		{"half a list", func(t *testing.T, root string) {
			writeFile(t, filepath.Join(root, "annotations", "trainval.txt"), []byte("Abyssinian_1 1 1 1\nBirm"))
		}, 0},
		{"all images", func(t *testing.T, root string) {
			if err := os.RemoveAll(filepath.Join(root, "images")); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(root, "images", "Abyssinian_1.jpg"), pngBytes(t, 0)[:9]) // broken off
		}, 2},
	} {
		m, root := newMirror(t), writeFiles(t, t.TempDir(), smallPets(t))
		mine := map[string][]byte{
			"notes.txt": []byte("mine"), "images/mine.jpg": []byte("my cat"), "images/Birman_4.jpg": []byte("repaired by hand"),
			"annotations/mine.txt": []byte("Birman_4 7 1 3\n"), ".hidden/x": []byte("mine too"),
		}
		c.spoil(t, root)
		writeFiles(t, root, mine)
		before, err := os.Stat(root)
		if err != nil {
			t.Fatal(err)
		}
		var seen []Progress
		p := OxfordIIITPet{Root: root, URL: m.start(t), Progress: func(now Progress) { seen = append(seen, now) }}
		if err := p.Download(background); err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		want := smallPets(t)
		for name, data := range mine {
			want[name] = data
		}
		wantFiles(t, c.what, root, want)
		if !slices.Contains(seen, Progress{Stage: StageIncomplete, File: root, Total: c.lacked}) {
			t.Errorf("%s: said %v", c.what, seen)
		}
		if after, err := os.Stat(root); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s: the folder is another", c.what)
		}
		if _, err := os.Stat(filepath.Join(root, workSuffix)); err == nil {
			t.Errorf("%s: the working folder is still there", c.what)
		}
		n := len(m.requests)
		if err := p.Download(background); err != nil || len(m.requests) != n {
			t.Errorf("%s: once it was complete: %v, %d requests", c.what, err, len(m.requests)-n)
		}
	}
}

// Archives without what a set lacks change nothing and name it; neither are they
// installed anew, again and again.
func TestDownloadOfAnIncompleteArchive(t *testing.T) {
	files := smallPets(t)
	delete(files, "images/Birman_4.jpg")
	dir := t.TempDir()
	p := OxfordIIITPet{Root: filepath.Join(dir, "pets")}
	for _, part := range []string{"images", "annotations"} {
		p.Archives = append(p.Archives, filepath.Join(dir, part+".tar"))
		writeFile(t, filepath.Join(dir, part+".tar"), tarOf(t, files, part))
	}
	err := p.Download(background)
	wantError(t, "fresh", err, ErrMissing, "images.tar", "test.txt", "1 of 2", "the first is Birman_4.jpg")
	wantError(t, "fresh", err, ErrArchive)
	notThere(t, p.Root)

	own := map[string][]byte{ // a set of the user's in the same form
		"annotations/list.txt": []byte("mycat_1 1 1 1\n"), "annotations/trainval.txt": []byte("mycat_1 1 1 1\n"),
		"annotations/test.txt": []byte("mycat_2 1 1 1\n"), "images/mycat_1.jpg": pngBytes(t, 3),
	}
	writeFiles(t, p.Root, own)
	p.Archives[0] = filepath.Join(dir, "whole.tar")
	writeFile(t, p.Archives[0], tarOf(t, smallPets(t), "images"))
	wantError(t, "another set", p.Download(background), ErrMissing, "mycat_2.jpg", "stays as it was")
	wantFiles(t, "another set", p.Root, own)
	if n := countImages(p.Root); n != 1 {
		t.Errorf("%d images are in the user's set", n)
	}

	// Lists of a part of the set need that part alone.
	part := OxfordIIITPet{Root: filepath.Join(dir, "part"), Archives: []string{filepath.Join(dir, "images.tar"), filepath.Join(dir, "annotations.tar")}, TestList: "trainval.txt"}
	for range 2 {
		if err := part.Download(background); err != nil {
			t.Errorf("lists of a part: %v", err)
		}
		part.Archives = []string{"none.tar"} // not needed any more
	}
}

// What a killed download leaves is removed, used or completed by the next; what
// the user put beside it stays.
func TestDownloadAfterAKill(t *testing.T) {
	for _, exists := range []bool{false, true} {
		m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
		work := root + workSuffix
		if exists {
			work = filepath.Join(root, workSuffix)
			files := smallPets(t) // killed while the images were moved in
			delete(files, "images/Birman_4.jpg")
			for name := range files {
				if strings.HasPrefix(name, "annotations/") {
					delete(files, name)
				}
			}
			writeFiles(t, root, files)
			writeFile(t, filepath.Join(work, installing), nil)
		}
		writeFile(t, filepath.Join(work, "unpacked", "images", "half.jpg"), []byte("x"))
		writeFile(t, filepath.Join(work, unpackPrefix+"123", "set", "images", "half.jpg"), []byte("x"))
		writeFile(t, filepath.Join(work, "notes.txt"), []byte("mine"))
		writeFile(t, filepath.Join(work, lockName), nil)
		writeFile(t, filepath.Join(work, "images.tar.gz"+partSuffix), m.files["images.tar.gz"][:100])
		if err := (OxfordIIITPet{Root: root, URL: m.start(t)}).Download(background); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, "after a kill", root, smallPets(t))
		if !slices.Contains(m.requests, "GET images.tar.gz bytes=100-") {
			t.Errorf("not resumed: %q", m.requests)
		}
		entries, _ := os.ReadDir(work)
		if len(entries) != 1 || entries[0].Name() != "notes.txt" {
			t.Errorf("the working folder holds %v", entries)
		}
	}
}

// What a download left that was killed after its last rename is removed by the next
// look; what has no lock file is none of its.
func TestDownloadTidiesUp(t *testing.T) {
	for _, inside := range []bool{false, true} {
		root := writeFiles(t, filepath.Join(t.TempDir(), "pets"), smallPets(t))
		work := root + workSuffix
		if inside {
			work = filepath.Join(root, workSuffix)
		}
		left := map[string][]byte{"images.tar.gz": {1}, "annotations.tar.gz.part": {2}, unpackPrefix + "1/set/x": {3}, installing: nil}
		writeFiles(t, work, left)
		if err := (OxfordIIITPet{Root: root}).Download(background); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, "no lock", work, left)
		writeFile(t, filepath.Join(work, lockName), nil)
		if err := (OxfordIIITPet{Root: root}).Download(background); err != nil {
			t.Fatal(err)
		}
		notThere(t, work)
		wantFiles(t, "the set", root, smallPets(t))
	}
}

// A kill at any moment of the last steps leaves nothing that a second try does not
// mend: the context ends at each report in turn.
func TestDownloadStoppedAnywhere(t *testing.T) {
	m := newMirror(t)
	url := m.start(t)
	for stop := 0; ; stop++ {
		root := t.TempDir()
		ctx, cancel := context.WithCancelCause(background)
		n := 0
		p := OxfordIIITPet{Root: root, URL: url, Progress: func(Progress) {
			if n++; n > stop {
				cancel(errors.New("stopped"))
			}
		}}
		err := p.Download(ctx)
		cancel(nil)
		if err := (OxfordIIITPet{Root: root, URL: url}).Download(background); err != nil {
			t.Errorf("stopped at report %d: %v", stop, err)
		}
		wantFiles(t, "stopped", root, smallPets(t))
		if err == nil {
			return
		}
	}
}

// A link to the set's folder stays, and the folder that it names gets the set.
func TestDownloadThroughALink(t *testing.T) {
	dir := t.TempDir()
	big, root := filepath.Join(dir, "disk", "pets"), filepath.Join(dir, "pets")
	if err := os.MkdirAll(big, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(big, root); err != nil {
		t.Skip(err)
	}
	if err := (OxfordIIITPet{Root: root, URL: newMirror(t).start(t)}).Download(background); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, "the folder", big, smallPets(t))
	if info, err := os.Lstat(root); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	remove(t, root)
	if err := os.Symlink(filepath.Join(dir, "nowhere"), root); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a link to nothing", OxfordIIITPet{Root: root}.Download(background), ErrNoSet, "nowhere")
}

// Archives that the user names stay, wherever they lie.
func TestDownloadKeepsNamedArchives(t *testing.T) {
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	var paths []string
	for _, a := range petArchives {
		path := filepath.Join(root+workSuffix, a.name)
		writeFile(t, path, m.files[a.name])
		paths = append(paths, path)
	}
	if err := (OxfordIIITPet{Root: root, Archives: paths}).Download(background); err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			t.Error(err)
		}
	}
}

// Where the system cannot rename, as between two disks, files are copied.
func TestAddIntoAnotherDisk(t *testing.T) {
	const shared = "/dev/shm"
	to, err := os.MkdirTemp(shared, "euryale")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(to)
	from := writeFiles(t, t.TempDir(), smallPets(t))
	writeFile(t, filepath.Join(to, "images", "Birman_2.jpg"), []byte("mine"))
	if err := addInto(background, from, to); err != nil {
		t.Fatal(err)
	}
	want := smallPets(t)
	want["images/Birman_2.jpg"] = []byte("mine")
	wantFiles(t, "another disk", to, want)
}

func TestDownloadIntoAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, []byte("x"))
	wantError(t, "a file", OxfordIIITPet{Root: file}.Download(background), ErrNoSet, file)
	if err := (OxfordIIITPet{Root: filepath.Join(file, "pets")}).Download(background); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("below a file: %v", err)
	}
}
