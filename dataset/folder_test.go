package dataset

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func folderFiles(t testing.TB, names ...string) map[string][]byte {
	files := map[string][]byte{}
	for i, n := range names {
		files[n] = pngBytes(t, uint8(i))
	}
	return files
}

// TestFolderOfParts takes the parts of a set by their names, in any case.
func TestFolderOfParts(t *testing.T) {
	for _, names := range [][2]string{
		{"train", "test"}, {"train", "val"}, {"train", "valid"}, {"training", "validation"}, {"Train", "VAL"}, {"TRAINING", "Testing"},
		{"train", "validation"}, {"train", "eval"}, {"train", "evaluation"}, {"train", "dev"}, {"train", "testing"},
	} {
		first, second := names[0], names[1]
		root := writeFiles(t, t.TempDir(), folderFiles(t, first+"/d/1.jpg", first+"/B/2.png", first+"/a/deep/3.JPEG", first+"/a/.hidden.jpg",
			first+"/a/notes.txt", second+"/d/4.webp", second+"/a/5.gif", ".cache/x/6.jpg", "__MACOSX/y/7.jpg"))
		train, test, err := ImageFolder{Root: root}.Splits()
		if err != nil {
			t.Fatal(names, err)
		}
		if want := []string{"B", "a", "d"}; !slices.Equal(train.Classes(), want) || !slices.Equal(test.Classes(), want) {
			t.Errorf("classes %v, %v; want %v in byte order", train.Classes(), test.Classes(), want)
		}
		if train.Len() != 3 || test.Len() != 2 || Final(test) != nil {
			t.Errorf("%v: %d and %d images, want 3 and 2", names, train.Len(), test.Len())
		}
		s, err := test.Sample(background, 1)
		if err != nil || s.Label != 2 {
			t.Errorf("last test image: label %d, %v; want 2", s.Label, err)
		}
		if name, label := test.(Listed).Image(1); name != second+"/d/4.webp" || label != 2 {
			t.Errorf("last test image is %s of class %d", name, label)
		}
		if want := []string{first + " trains, " + second + " tests and chooses the best weights", "left out: 1 .txt"}; !slices.Equal(About(train, test), want) {
			t.Errorf("about %q, want %q", About(train, test), want)
		}
		wantNotes(t, Notes(train, test), "1 of the 3 classes have no image in "+filepath.Join(root, second)+": B")
	}
}

// wantNotes wants a note for each text, and no others.
func wantNotes(t *testing.T, notes []string, texts ...string) {
	t.Helper()
	if len(notes) != len(texts) {
		t.Errorf("%d notes, want %d: %q", len(notes), len(texts), notes)
		return
	}
	for i, text := range texts {
		if !strings.Contains(notes[i], text) {
			t.Errorf("note %q does not say %q", notes[i], text)
		}
	}
}

// Of a folder with both kinds of test part, one chooses and the other tests at the end.
func TestFolderOfThreeParts(t *testing.T) {
	root := writeFiles(t, t.TempDir(), folderFiles(t, "train/a/1.jpg", "train/b/2.jpg", "Valid/a/3.jpg", "Valid/b/4.jpg", "test/b/5.jpg"))
	train, test, err := ImageFolder{Root: root}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	final := Final(test)
	if final == nil || train.Len() != 2 || test.Len() != 2 || final.Len() != 1 || !slices.Equal(final.Classes(), train.Classes()) {
		t.Fatalf("%v, %v, %v", train, test, final)
	}
	if name, label := final.(Listed).Image(0); name != "test/b/5.jpg" || label != 1 {
		t.Errorf("final image %s of class %d", name, label)
	}
	if about := About(train, test); len(about) != 1 || about[0] != "train trains, Valid chooses the best weights (2 images), test tests them at the end (1 image)" {
		t.Errorf("about %q", about)
	}
	wantNotes(t, Notes(train, test), "1 of the 2 classes have no image in "+filepath.Join(root, "test")+": a")
}

// TestFolderLinksOfClasses has links in the place of classes that lead nowhere or back.
func TestFolderLinksOfClasses(t *testing.T) {
	top := t.TempDir()
	root := writeFiles(t, filepath.Join(top, "d"), folderFiles(t, "cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg"))
	store := writeFiles(t, filepath.Join(top, "store"), folderFiles(t, "1.jpg", "2.jpg"))
	link(t, filepath.Join(top, "unmounted"), filepath.Join(root, "emu"))
	link(t, root, filepath.Join(root, "self"))
	link(t, "..", filepath.Join(root, "up"))
	link(t, store, filepath.Join(root, "owl"))
	train, test, err := ImageFolder{Root: root, TestFraction: 0.5}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"cat", "dog", "owl"}; !slices.Equal(train.Classes(), want) || train.Len()+test.Len() != 6 {
		t.Errorf("classes %v, %d images", train.Classes(), train.Len()+test.Len())
	}
	wantNotes(t, Notes(train, test), "emu leads nowhere", "2 links lead back to a folder that holds them")

	parts := writeFiles(t, filepath.Join(top, "parts"), folderFiles(t, "train/cat/1.jpg", "train/cat/2.jpg", "train/dog/1.jpg", "train/dog/2.jpg"))
	link(t, filepath.Join(top, "unmounted"), filepath.Join(parts, "val"))
	train, test, err = ImageFolder{Root: parts, TestFraction: 0.5}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	wantNotes(t, Notes(train, test), "val leads nowhere", "without test images of its own")
}

// split lists the names of the training and of the test images.
func split(t *testing.T, f ImageFolder) (train, test []string) {
	t.Helper()
	a, b, err := f.Splits()
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Len() {
		name, _ := a.(Listed).Image(i)
		train = append(train, name)
	}
	for i := range b.Len() {
		name, _ := b.(Listed).Image(i)
		test = append(test, name)
	}
	return train, test
}

// TestFolderSplitByHash adds and removes images, which moves no others.
func TestFolderSplitByHash(t *testing.T) {
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("cats/%d.jpg", i), fmt.Sprintf("dogs/IMG_%04d.jpg", i))
	}
	names = append(names, "fish/1.jpg", "fish/2.jpg")
	files := folderFiles(t, names...)
	root := writeFiles(t, t.TempDir(), files)
	f := ImageFolder{Root: root, TestFraction: 0.2, Seed: 0}
	train, test := split(t, f)
	if all := slices.Sorted(slices.Values(append(slices.Clone(train), test...))); len(slices.Compact(all)) != len(names) {
		t.Error("the splits overlap or leave images out")
	}
	if len(test) < 6 || len(test) > 24 {
		t.Errorf("%d of %d images test", len(test), len(names))
	}
	for _, class := range []string{"cats", "dogs", "fish"} {
		of := func(name string) bool { return strings.HasPrefix(name, class+"/") }
		if !slices.ContainsFunc(train, of) || !slices.ContainsFunc(test, of) {
			t.Errorf("%s is not in both parts", class)
		}
	}
	// the same images somewhere else
	moved := writeFiles(t, filepath.Join(t.TempDir(), "another place"), files)
	if a, b := split(t, ImageFolder{Root: moved + "/", TestFraction: 0.2}); !slices.Equal(a, train) || !slices.Equal(b, test) {
		t.Error("the split depends on the root's place")
	}
	// and below train
	a, b := split(t, ImageFolder{Root: writeFiles(t, filepath.Join(t.TempDir(), "set"), prefixed("train/", files)), TestFraction: 0.2})
	for i, name := range slices.Concat(train, test) {
		if got := slices.Concat(a, b)[i]; got != "train/"+name {
			t.Errorf("%s is %s below train", name, got)
		}
	}
	if _, other := split(t, ImageFolder{Root: root, TestFraction: 0.2, Seed: 2}); slices.Equal(test, other) {
		t.Error("two seeds give one split")
	}
	// images that are removed and added
	for _, name := range names[:40] {
		if slices.Contains(train, name) && name != "cats/0.jpg" {
			if err := os.Remove(filepath.Join(root, filepath.FromSlash(name))); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	for _, class := range []string{"cats", "dogs"} {
		for i := range 100 {
			writeFile(t, filepath.Join(root, class, fmt.Sprintf("more/new%d.png", i)), nil)
		}
	}
	after, tests := split(t, f)
	for _, name := range test {
		if !slices.Contains(tests, name) {
			t.Errorf("%s has left the test part", name)
		}
	}
	for _, name := range tests {
		if slices.Contains(train, name) {
			t.Errorf("%s has left the training part", name)
		}
	}
	if n := len(after) + len(tests); n != len(names)-1+200 {
		t.Errorf("%d images in all", n)
	}
}

func prefixed(prefix string, files map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for name, data := range files {
		out[prefix+name] = data
	}
	return out
}

// TestSplitByHash compares with Python's hashlib and counts how often added images
// move another one.
func TestSplitByHash(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		name string
		want float64
	}{{0, "cat/1.jpg", 0.06443786045240196}, {7, "dog/é 2.png", 0.6536200311458721}} {
		if got := share(c.seed, c.name); got != c.want {
			t.Errorf("share of %d and %s is %v, Python's %v", c.seed, c.name, got, c.want)
		}
	}
	images := func(class, n int) (paths []string) {
		for i := range n {
			paths = append(paths, filepath.Join("root", fmt.Sprint(class), fmt.Sprintf("%d.jpg", i)))
		}
		return paths
	}
	for _, fraction := range []float64{0.01, 0.1, 0.2, 0.5, 0.9} {
		tests, all := 0, 0
		for class := range 200 {
			for _, n := range []int{2, 3, 5, 8, 40} {
				train, test := splitByHash("root", images(class, n), fraction, 1)
				if len(train) == 0 || len(test) == 0 || len(train)+len(test) != n {
					t.Fatalf("class %d of %d images at %v: %d and %d", class, n, fraction, len(train), len(test))
				}
				if n < firstImages(fraction) {
					continue
				}
				tests, all = tests+len(test), all+n
				for _, more := range []int{n + 1, n + 100} {
					if _, later := splitByHash("root", images(class, more), fraction, 1); !slices.Equal(test, later[:len(test)]) {
						t.Errorf("class %d of %d images at %v: %v tests, of %d images %v", class, n, fraction, test, more, later)
					}
				}
			}
		}
		if got := float64(tests) / float64(all); all > 0 && math.Abs(got-fraction) > 0.15*max(fraction, 1-fraction) {
			t.Errorf("%v of the images test, want about %v", got, fraction)
		}
	}
}

// A large class is split by the hash alone: images whose names come first move none.
func TestSplitOfLargeClasses(t *testing.T) {
	for class := range 30 {
		var paths []string
		for i := range largeClass {
			paths = append(paths, filepath.Join("root", fmt.Sprint(class), fmt.Sprintf("img_%d.jpg", i)))
		}
		_, test := splitByHash("root", paths, 0.2, 1)
		for i := range 9 {
			paths = append(paths, filepath.Join("root", fmt.Sprint(class), fmt.Sprintf("%d.jpg", i)))
		}
		_, later := splitByHash("root", paths, 0.2, 1)
		if len(later) < len(test) || !slices.Equal(test, later[:len(test)]) {
			t.Errorf("class %d: %d images test, after nine others came %v", class, len(test), later)
		}
	}
}

// train without test is split; a class called train is a class.
func TestFolderOfTrain(t *testing.T) {
	for _, c := range []struct{ files, classes []string }{
		{[]string{"train/a/1.jpg", "train/a/2.jpg", "train/b/3.jpg", "train/b/4.jpg"}, []string{"a", "b"}},
		{[]string{"train/1.jpg", "train/2.jpg", "bus/3.jpg", "bus/4.jpg"}, []string{"bus", "train"}},
	} {
		root := writeFiles(t, t.TempDir(), folderFiles(t, c.files...))
		train, test, err := ImageFolder{Root: root, TestFraction: 0.5}.Splits()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(train.Classes(), c.classes) || train.Len() != 2 || test.Len() != 2 {
			t.Errorf("%v: classes %v, %d and %d images; want %v, 2, 2", c.files, train.Classes(), train.Len(), test.Len(), c.classes)
		}
	}
}

// TestFolderRoot looks for the root that is meant.
func TestFolderRoot(t *testing.T) {
	for _, c := range []struct {
		what        string
		files       []string
		root        string // below the folder of the files
		classes     []string
		train, test int
		notes       []string
	}{
		{"a set in it", []string{"Pets/train/a/1.jpg", "Pets/train/b/1.jpg", "Pets/val/a/2.jpg", "Pets/val/b/2.jpg", "docs/readme.txt", "logo.png"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"is a level too high"}},
		{"classes in it", []string{"x/data/a/1.jpg", "x/data/a/2.jpg", "x/data/b/3.jpg", "x/data/b/4.jpg", "readme.txt"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"is a level too high"}},
		{"too low", []string{"train/a/1.jpg", "train/a/2.jpg", "train/b/1.jpg", "train/b/2.jpg", "val/a/5.jpg"}, "train",
			[]string{"a", "b"}, 2, 2, []string{"val beside the root"}},
		{"one class", []string{"a/1.jpg", "a/2.jpg"}, ".", []string{"a"}, 1, 1, []string{"one class, a"}},
		{"empty val", []string{"train/a/1.jpg", "train/a/2.jpg", "train/b/1.jpg", "train/b/2.jpg", "val/.keep"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"val holds no images", "is split"}},
		{"empty folders in val", []string{"train/a/1.jpg", "train/a/2.jpg", "train/b/1.jpg", "train/b/2.jpg", "val/a/x.heic", "val/b/.keep"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"val holds no images and is left out (it holds 1 .heic)", "is split"}},
		{"empty val, but test", []string{"train/a/1.jpg", "train/b/1.jpg", "val/a/.keep", "test/a/1.jpg", "test/b/3.jpg", "test/b/2.jpg"}, ".",
			[]string{"a", "b"}, 2, 3, []string{"val holds no images"}},
		{"test without classes", []string{"train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg", "val/b/2.jpg", "test/1.jpg", "test/2.jpg"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"test holds 2 images but no folders of classes"}},
		{"others", []string{"train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg", "val/b/2.jpg", "extra/a/1.jpg", "labels/x.txt", "train/x.jpg"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"left out: extra", "1 image beside"}},
		{"classes with parts", []string{"a/train/1.jpg", "a/test/2.jpg", "b/train/3.jpg", "b/test/4.jpg"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"holds train and test, which are not taken as parts"}},
		{"names in two cases", []string{"Cat/1.jpg", "Cat/2.jpg", "cat/1.jpg", "cat/2.jpg"}, ".",
			[]string{"Cat", "cat"}, 2, 2, []string{"Cat and cat"}},
		{"almost parts", []string{"training_set/cats/1.jpg", "training_set/dogs/1.jpg", "test_set/cats/2.jpg", "test_set/dogs/2.jpg"}, ".",
			[]string{"test_set", "training_set"}, 2, 2, []string{"are taken for classes; if they are parts of a set, rename them train and test"}},
		{"parts with other words before", []string{"seg_pred/1.jpg", "seg_pred/2.jpg", "seg_test/a/1.jpg", "seg_test/a/2.jpg", "seg_train/a/1.jpg", "seg_train/a/2.jpg"}, ".",
			[]string{"seg_pred", "seg_test", "seg_train"}, 3, 3, []string{"seg_train and seg_test in"}},
		{"a class train and no part", []string{"bus/1.jpg", "bus/2.jpg", "train/1.jpg", "train/2.jpg", "training bike/1.jpg", "training bike/2.jpg"}, ".",
			[]string{"bus", "train", "training bike"}, 3, 3, nil},
		{"tests without labels beside val", []string{"train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg", "val/b/2.jpg", "test/unknown/3.jpg", "test/unknown/4.jpg"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"test holds 2 images, all in the folder unknown, which is no class of"}},
		{"loose tests beside val", []string{"train/a/1.jpg", "train/b/1.jpg", "val/a/2.jpg", "val/b/2.jpg", "test/3.jpg"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"test holds 1 image but no folders of classes"}},
		{"tests without labels", []string{"train/a/1.jpg", "train/a/2.jpg", "train/b/1.jpg", "train/b/2.jpg", "Testing/test/3.jpg"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"Testing holds 1 image, all in the folder test", "is split"}},
		{"pictures of other formats", []string{"a/1.jpg", "a/2.jpg", "a/3.HEIC", "b/1.jpg", "b/2.jpg", "b/4.avif", "b/notes.txt"}, ".",
			[]string{"a", "b"}, 2, 2, []string{"pictures in other formats are left out (1 .avif, 1 .heic)"}},
	} {
		top := writeFiles(t, t.TempDir(), folderFiles(t, c.files...))
		root := filepath.Join(top, c.root)
		if at, err := os.ReadDir(root); c.what == "names in two cases" && err == nil && len(at) == 1 {
			continue // a file system without cases
		}
		train, test, err := ImageFolder{Root: root, TestFraction: 0.5}.Splits()
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if !slices.Equal(train.Classes(), c.classes) || train.Len() != c.train || test.Len() != c.test || Final(test) != nil {
			t.Errorf("%s: classes %v, %d and %d images", c.what, train.Classes(), train.Len(), test.Len())
		}
		t.Log(c.what, About(train, test))
		wantNotes(t, Notes(train, test), c.notes...)
	}
}

// TestFolderLinks reads linked classes and folders under the names that lead to them.
func TestFolderLinks(t *testing.T) {
	root := writeFiles(t, t.TempDir(), folderFiles(t, "train/cat/1.jpg", "train/dog/1.jpg", "test/cat/3.jpg"))
	store := writeFiles(t, t.TempDir(), folderFiles(t, "5.jpg", "deep/6.jpg"))
	link(t, store, filepath.Join(root, "train", "cat", "more"))
	link(t, store, filepath.Join(root, "test", "dog"))
	link(t, root, filepath.Join(root, "train", "dog", "up"))
	link(t, "nowhere", filepath.Join(root, "train", "dog", "gone.jpg"))
	for _, at := range []string{root, filepath.Join(t.TempDir(), "link")} {
		if at != root {
			link(t, root, at)
		}
		train, test := split(t, ImageFolder{Root: at})
		if want := []string{"train/cat/1.jpg", "train/cat/more/5.jpg", "train/cat/more/deep/6.jpg", "train/dog/1.jpg"}; !slices.Equal(train, want) {
			t.Errorf("training images %v, want %v", train, want)
		}
		if want := []string{"test/cat/3.jpg", "test/dog/5.jpg", "test/dog/deep/6.jpg"}; !slices.Equal(test, want) {
			t.Errorf("test images %v, want %v", test, want)
		}
		a, b, err := ImageFolder{Root: at}.Splits()
		if err != nil {
			t.Fatal(err)
		}
		wantNotes(t, Notes(a, b), "gone.jpg leads nowhere", "up leads back", "is read under another name too")
		if s, err := b.Sample(background, 2); err != nil || s.Label != 1 || s.Image == nil {
			t.Errorf("an image through a link: %+v, %v", s, err)
		}
	}
}

func TestFolderBadInput(t *testing.T) {
	for _, c := range []struct {
		what  string
		files []string
		f     float64
		kind  error
		words []string
	}{
		{"nothing in it", []string{"readme.txt"}, 0.2, ErrNoSet, []string{"holds no folders of images"}},
		{"class without images", []string{"a/1.jpg", "a/2.jpg", "b/notes.txt", "b/x.HEIC"}, 0.2, ErrNoSet, []string{"class folder", "holds no images", "1 .heic, 1 .txt", ".jpg"}},
		{"classes without images", []string{"a/1.jpg", "a/2.jpg", "b/.x", "c/.x"}, 0.2, ErrNoSet, []string{"2 class folders", "b, c", "but nothing"}},
		{"the pets", []string{"images/1.jpg", "annotations/list.txt"}, 0.2, ErrNoSet, []string{"data.set=oxford-iiit-pet"}},
		{"two names of a part", []string{"train/a/1.jpg", "val/a/2.jpg", "validation/a/2.jpg"}, 0.2, ErrConfig, []string{"val and validation"}},
		{"two training parts", []string{"train/a/1.jpg", "training/a/2.jpg"}, 0.2, ErrConfig, []string{"train and training"}},
		{"several sets", []string{"x/train/a/1.jpg", "y/train/a/2.jpg"}, 0.2, ErrConfig, []string{"several sets: x, y"}},
		{"a set beside classes", []string{"x/train/a/1.jpg", "cat/1.jpg", "cat/2.jpg"}, 0.2, ErrConfig, []string{"holds the set x", "cat"}},
		{"parts without classes", []string{"train/1.jpg", "val/2.jpg"}, 0.2, ErrNoSet, []string{"train, val", "no folder of classes"}},
		{"tests alone", []string{"test/a/1.jpg", "val/a/2.jpg"}, 0.2, ErrNoSet, []string{"test, val", "no folder of classes"}},
		{"one image in the root", []string{"1.jpg"}, 0.2, ErrNoSet, []string{"1 image in it, of no class"}},
		{"another case", []string{"train/Cat/1.jpg", "test/cat/1.jpg", "test/x/1.jpg"}, 0, ErrConfig, []string{`2 classes "cat", "x"`, `"Cat" there is spelled in another case`}},
		{"one image", []string{"a/1.jpg", "a/2.jpg", "b/1.jpg"}, 0.2, ErrConfig, []string{`class "b"`, "a split needs 2"}},
		{"fraction 0", []string{"a/1.jpg", "a/2.jpg"}, 0, ErrConfig, []string{"ImageFolder.TestFraction = 0"}},
		{"fraction 1", []string{"a/1.jpg", "a/2.jpg"}, 1, ErrConfig, []string{"ImageFolder.TestFraction = 1"}},
		{"tests of one class in another case", []string{"train/Cat/1.jpg", "train/dog/1.jpg", "test/cat/1.jpg"}, 0, ErrConfig, []string{`"Cat" there is spelled in another case`}},
		{"unknown class that chooses", []string{"train/a/1.jpg", "train/b/1.jpg", "val/x/1.jpg"}, 0, ErrConfig, []string{`class "x"`, "is not in"}},
		{"two unknown test classes", []string{"train/a/1.jpg", "train/b/1.jpg", "test/x/1.jpg", "test/y/1.jpg"}, 0, ErrConfig, []string{`2 classes "x", "y"`}},
		{"unknown test class", []string{"train/a/1.jpg", "test/x/1.jpg"}, 0, ErrConfig, []string{`class "x"`, "is not in"}},
	} {
		root := writeFiles(t, t.TempDir(), folderFiles(t, c.files...))
		_, _, err := ImageFolder{Root: root, TestFraction: c.f}.Splits()
		wantError(t, c.what, err, c.kind, c.words...)
	}
	set := writeFiles(t, t.TempDir(), folderFiles(t, "cat/1.jpg", "dog/1.jpg"))
	_, _, err := ImageFolder{Root: filepath.Join(set, "cat"), TestFraction: 0.2}.Splits()
	wantError(t, "a class as the root", err, ErrNoSet, "1 image in it, of no class; if cat is a class", "data.root="+set)
	_, _, err = ImageFolder{TestFraction: 0.2}.Splits()
	wantError(t, "no root", err, ErrNoSet, "ImageFolder.Root is empty")
	file := filepath.Join(writeFiles(t, t.TempDir(), folderFiles(t, "set.zip")), "set.zip")
	_, _, err = ImageFolder{Root: file}.Splits()
	wantError(t, "a file", err, ErrNoSet, "set.zip", "it is a file")
	_, _, err = ImageFolder{Root: filepath.Join(t.TempDir(), "none")}.Splits()
	wantError(t, "no such folder", err, ErrNoSet, "there is no folder")
}
