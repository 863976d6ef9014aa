package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func folderFiles(t testing.TB, names ...string) map[string][]byte {
	files := map[string][]byte{}
	for i, n := range names {
		files[n] = pngBytes(t, uint8(i))
	}
	return files
}

func TestFolderOfSplits(t *testing.T) {
	for _, second := range []string{"test", "val", "valid"} {
		root := writeFiles(t, t.TempDir(), folderFiles(t, "train/b/1.jpg", "train/B/2.png", "train/a/deep/3.JPEG", "train/a/.hidden.jpg",
			"train/a/notes.txt", second+"/b/4.webp", second+"/a/5.gif"))
		train, test, err := ImageFolder{Root: root}.Splits()
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"B", "a", "b"}; !slices.Equal(train.Classes(), want) || !slices.Equal(test.Classes(), want) {
			t.Errorf("classes %v, %v; want %v in byte order", train.Classes(), test.Classes(), want)
		}
		if train.Len() != 3 || test.Len() != 2 {
			t.Errorf("%d and %d images, want 3 and 2", train.Len(), test.Len())
		}
		s, err := test.Sample(background, 1)
		if err != nil || s.Label != 2 {
			t.Errorf("last test image: label %d, %v; want 2", s.Label, err)
		}
	}
}

func TestFolderSplitBySeed(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("cats/%02d.jpg", i), fmt.Sprintf("dogs/%02d.jpg", i))
	}
	names = append(names, "fish/1.jpg", "fish/2.jpg")
	root := writeFiles(t, t.TempDir(), folderFiles(t, names...))
	split := func(seed uint64) (train, test []string) {
		a, b, err := ImageFolder{Root: root, TestFraction: 0.2, Seed: seed}.Splits()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.(*fileSet).files {
			train = append(train, f.path)
		}
		for _, f := range b.(*fileSet).files {
			test = append(test, f.path)
		}
		return train, test
	}
	train, test := split(1)
	if len(train) != 33 || len(test) != 9 {
		t.Errorf("%d and %d images, want 16+16+1 and 4+4+1", len(train), len(test))
	}
	all := append(slices.Clone(train), test...)
	slices.Sort(all)
	if len(slices.Compact(all)) != 42 {
		t.Error("the splits overlap or leave images out")
	}
	if _, again := split(1); !slices.Equal(test, again) {
		t.Error("one seed gives two splits")
	}
	if _, other := split(2); slices.Equal(test, other) {
		t.Error("two seeds give one split")
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

func TestFolderBadInput(t *testing.T) {
	for _, c := range []struct {
		what  string
		files []string
		f     float64
		kind  error
		words []string
	}{
		{"nothing in it", []string{"readme.txt"}, 0.2, ErrNoSet, []string{"holds no folders of images"}},
		{"class without images", []string{"a/1.jpg", "a/2.jpg", "b/notes.txt"}, 0.2, ErrNoSet, []string{"class folder", "holds no images"}},
		{"one image", []string{"a/1.jpg", "a/2.jpg", "b/1.jpg"}, 0.2, ErrConfig, []string{`class "b"`, "a split needs 2"}},
		{"fraction 0", []string{"a/1.jpg", "a/2.jpg"}, 0, ErrConfig, []string{"ImageFolder.TestFraction = 0"}},
		{"fraction 1", []string{"a/1.jpg", "a/2.jpg"}, 1, ErrConfig, []string{"ImageFolder.TestFraction = 1"}},
		{"unknown test class", []string{"train/a/1.jpg", "test/x/1.jpg"}, 0, ErrConfig, []string{`class "x"`, "is not in"}},
	} {
		root := writeFiles(t, t.TempDir(), folderFiles(t, c.files...))
		_, _, err := ImageFolder{Root: root, TestFraction: c.f}.Splits()
		wantError(t, c.what, err, c.kind, c.words...)
	}
	_, _, err := ImageFolder{Root: filepath.Join(t.TempDir(), "none")}.Splits()
	wantError(t, "no such folder", err, ErrNoSet, "there is no folder")
}
