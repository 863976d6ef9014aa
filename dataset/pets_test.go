package dataset

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPets(t *testing.T) {
	root := writeFiles(t, t.TempDir(), smallPets(t))
	train, test, err := OxfordIIITPet{Root: root}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Abyssinian", "class_2", "class_3", "class_4", "beagle", "class_6", "Birman"}; !slices.Equal(train.Classes(), want) {
		t.Errorf("classes %v, want %v", train.Classes(), want)
	}
	if train.Len() != 3 || test.Len() != 2 {
		t.Fatalf("%d and %d images, want 3 and 2", train.Len(), test.Len())
	}
	s, err := train.Sample(background, 1)
	if err != nil || s.Label != 6 || s.Image.W != 12 || s.Image.H != 10 || filepath.Base(s.Name) != "Birman_2.jpg" {
		t.Errorf("second training image: %+v, %v", s, err)
	}
	if _, err := train.Sample(background, 3); err == nil {
		t.Error("an image past the end has no error")
	}

	train, test, err = OxfordIIITPet{Root: root, Relabel: true}.Splits()
	if err != nil || !slices.Equal(train.Classes(), []string{"Abyssinian", "beagle", "Birman"}) {
		t.Fatalf("relabelled: %v, %v", train, err)
	}
	if s, err := test.Sample(background, 1); err != nil || s.Label != 2 {
		t.Errorf("relabelled Birman has label %d, %v; want 2", s.Label, err)
	}
}

func TestPetsOwnList(t *testing.T) {
	root := writeFiles(t, t.TempDir(), smallPets(t))
	own := filepath.Join(t.TempDir(), "mine.txt")
	writeFile(t, own, []byte("beagle_1 5 2 4\n"))
	train, _, err := OxfordIIITPet{Root: root, TrainList: own, TestList: "trainval.txt"}.Splits()
	if err != nil || train.Len() != 1 {
		t.Fatalf("%v, %v", train, err)
	}
	if s, err := train.Sample(background, 0); err != nil || s.Label != 4 {
		t.Errorf("label %d, %v; want 4", s.Label, err)
	}
}

func TestPetsBadInput(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(files map[string][]byte)
		pets   OxfordIIITPet
		kind   error
		words  []string
	}{
		{what: "empty list", change: put("annotations/trainval.txt", "# nothing\n\n"), kind: ErrList, words: []string{"trainval.txt", "it names no image"}},
		{what: "label too large", change: put("annotations/test.txt", "Birman_4 38 1 3\n"), kind: ErrList, words: []string{"test.txt: line 1", "the label 38 is outside 1 to 37"}},
		{what: "label 0", change: put("annotations/trainval.txt", "Abyssinian_1 1 1 1\nBirman_2 0 1 3\n"), kind: ErrList, words: []string{"line 2", "Birman_2: the label 0 is outside 1 to 37"}},
		{what: "label not a number", change: put("annotations/trainval.txt", "Birman_2 seven 1 3\n"), kind: ErrList, words: []string{`the label "seven" is not a whole number`}},
		{what: "line cut short", change: put("annotations/test.txt", "Abyssinian_3 1 1 1\nBirman_4 7"), kind: ErrList, words: []string{"line 2", `"Birman_4 7" is cut short: 2 of 4 fields`}},
		{what: "name that leaves", change: put("annotations/test.txt", "../../secret_1 1 1 1\n"), kind: ErrList, words: []string{`the name "../../secret_1" leaves the folder of images`}},
		{what: "absolute name", change: put("annotations/test.txt", "/etc/passwd 1 1 1\n"), kind: ErrList, words: []string{"leaves the folder"}},
		{what: "missing image", change: put("images/Birman_4.jpg", ""), kind: ErrMissing, words: []string{"test.txt", "1 of 2", "Birman_4.jpg"}},
		{what: "class without index", change: put("annotations/test.txt", "Birman_4 9 1 3\n"), kind: ErrList, words: []string{"the label 9 is none of the"}},
		{what: "no such list", pets: OxfordIIITPet{TrainList: "none.txt"}, kind: ErrNoSet, words: []string{"none.txt"}},
	} {
		files := smallPets(t)
		if c.change != nil {
			c.change(files)
		}
		c.pets.Root = writeFiles(t, t.TempDir(), files)
		_, _, err := c.pets.Splits()
		wantError(t, c.what, err, c.kind, c.words...)
	}
	_, _, err := OxfordIIITPet{Root: filepath.Join(t.TempDir(), "none")}.Splits()
	wantError(t, "no such folder", err, ErrNoSet, "there is no folder", "none")
	dir := writeFiles(t, t.TempDir(), map[string][]byte{"images/a.jpg": nil})
	_, _, err = OxfordIIITPet{Root: dir}.Splits()
	wantError(t, "half a set", err, ErrNoSet, dir, "it has no folder annotations")
}

// put replaces a file, or removes it if the text is empty.
func put(name, text string) func(map[string][]byte) {
	return func(files map[string][]byte) {
		delete(files, name)
		if text != "" {
			files[name] = []byte(text)
		}
	}
}

func TestPetsBadImages(t *testing.T) {
	files := smallPets(t)
	files["images/Birman_2.jpg"] = files["images/Birman_2.jpg"][:45] // within its pixels: what lacks only the end is read
	huge := slices.Clone(files["images/beagle_1.jpg"])
	copy(huge[16:], "\x7f\xff\xff\xff\x7f\xff\xff\xff")
	files["images/beagle_1.jpg"] = huge
	train, _, err := OxfordIIITPet{Root: writeFiles(t, t.TempDir(), files)}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{1, 2} {
		s, err := train.Sample(background, i)
		if err == nil || s.Name == "" || !strings.Contains(err.Error(), filepath.Base(s.Name)) {
			t.Errorf("image %d %q: error %v does not name it", i, s.Name, err)
		}
	}
}

func TestFindRoot(t *testing.T) {
	work, data, home := t.TempDir(), t.TempDir(), t.TempDir()
	t.Chdir(work)
	t.Setenv("EURYALE_DATA", "")
	t.Setenv("XDG_CACHE_HOME", home)
	t.Setenv("HOME", home)
	t.Setenv("LocalAppData", home)
	_, err := FindRoot()
	wantError(t, "nowhere", err, ErrNoSet, filepath.Join("data", "oxford-iiit-pet"), home)
	cached, err := CacheRoot(PetsSet)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ put, want string }{
		{cached, cached},
		{filepath.Join(data, "oxford-iiit-pet"), filepath.Join(data, "oxford-iiit-pet")},
		{data, data},
		{filepath.Join(work, "data", "oxford-iiit-pet"), filepath.Join("data", "oxford-iiit-pet")},
	} { // each goes before those above it
		writeFiles(t, c.put, smallPets(t))
		t.Setenv("EURYALE_DATA", data)
		if root, err := FindRoot(); err != nil || root != c.want {
			t.Errorf("found %q, %v; want %q", root, err, c.want)
		}
	}
	if train, _, err := (OxfordIIITPet{}).Splits(); err != nil || train.Len() != 3 {
		t.Errorf("without Root: %v, %v", train, err)
	}
}

// The images at hand, if they are.
func TestRealPets(t *testing.T) {
	root := os.Getenv("EURYALE_DATA")
	if root == "" || checkRoot(root) != nil {
		t.Skip("EURYALE_DATA is not the Oxford-IIIT Pet set")
	}
	p := OxfordIIITPet{Root: root, TrainList: "trainval.13class.txt", TestList: "test.13class.txt"}
	train, test, err := p.Splits()
	if err != nil {
		t.Fatal(err)
	}
	if len(train.Classes()) != 37 || train.Len() != 1284 || test.Len() != 1272 {
		t.Errorf("%d classes, %d and %d images; want 37, 1284, 1272", len(train.Classes()), train.Len(), test.Len())
	}
	p.Relabel = true
	if train, _, err = p.Splits(); err != nil || len(train.Classes()) != 13 {
		t.Errorf("relabelled: %v, %v; want 13 classes", train, err)
	}
}

func FuzzParseList(f *testing.F) {
	f.Add("Abyssinian_1 1 1 1\n#x\n\ufeffbeagle_1 5 2 4")
	f.Add("../x 1 1 1")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := parseList(io.LimitReader(strings.NewReader(text), 1<<16), 37)
		if err != nil {
			return
		}
		for _, e := range entries {
			if !filepath.IsLocal(e.name) || strings.ContainsAny(e.name, `/\`) || e.class < 1 || e.class > 37 {
				t.Fatalf("entry %+v was accepted", e)
			}
		}
	})
}

// TestPetsNotes wants words about outputs without images and images in both lists.
func TestPetsNotes(t *testing.T) {
	files := smallPets(t)
	root := writeFiles(t, t.TempDir(), files)
	for _, c := range []struct {
		pets  OxfordIIITPet
		notes []string
	}{
		{OxfordIIITPet{}, []string{"4 of the 7 classes have no training image (class_2, class_3, class_4, class_6)", "1 of the 7 classes are trained but have no test image: beagle"}},
		{OxfordIIITPet{Relabel: true}, []string{"1 of the 3 classes are trained but have no test image: beagle"}},
		{OxfordIIITPet{Relabel: true, TrainList: "test.txt"}, []string{"2 images are in both lists"}},
	} {
		c.pets.Root = root
		train, test, err := c.pets.Splits()
		if err != nil {
			t.Fatal(err)
		}
		wantNotes(t, Notes(train, test), c.notes...)
		if !c.pets.Relabel && !strings.Contains(Notes(train, test)[0], "data.relabel=true") {
			t.Error("the note names no remedy")
		}
		if name, label := test.(Listed).Image(0); name != "images/Abyssinian_3.jpg" || label != 0 {
			t.Errorf("first test image: %s of class %d", name, label)
		}
		if n := Occurring(test); n != 2 {
			t.Errorf("%d classes occur in the test set, want 2", n)
		}
	}
}

// TestPetsOtherFolders says what a root is that is not the set.
func TestPetsOtherFolders(t *testing.T) {
	top := t.TempDir()
	writeFiles(t, filepath.Join(top, "data", "pets"), smallPets(t))
	plain := writeFiles(t, filepath.Join(top, "plain"), folderFiles(t, "cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg", "dog/3.jpg"))
	parts := writeFiles(t, filepath.Join(top, "parts"), folderFiles(t, "train/cat/1.jpg", "train/dog/2.jpg", "val/dog/1.jpg", "test/dog/1.jpg"))
	single := writeFiles(t, filepath.Join(top, "single"), folderFiles(t, "a/1.jpg", "b/x.txt"))
	for root, words := range map[string][]string{
		plain:                                  {"it holds 2 folders (cat, dog) and 5 images", "data.set=image-folder"},
		parts:                                  {"it holds 3 folders (test, train, val) and 4 images", "data.set=image-folder"},
		single:                                 {"it holds 2 folders (a, b) and 1 image", "data.set=image-folder"},
		filepath.Join(top, "data"):             {"data.root=" + filepath.Join(top, "data", "pets")},
		filepath.Join(top, "data/pets/images"): {"data.root=" + filepath.Join(top, "data", "pets")},
	} {
		_, _, err := OxfordIIITPet{Root: root}.Splits()
		wantError(t, root, err, ErrNoSet, append(words, "is not the Oxford-IIIT Pet set")...)
	}
}
