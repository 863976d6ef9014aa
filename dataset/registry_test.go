package dataset

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
)

func TestOpen(t *testing.T) {
	if names := Names(); !slices.IsSorted(names) || !slices.Contains(names, "drawn") || !slices.Contains(names, "image-folder") || !slices.Contains(names, "oxford-iiit-pet") {
		t.Errorf("names %v", names)
	}
	pets := writeFiles(t, t.TempDir(), smallPets(t))
	folder := writeFiles(t, t.TempDir(), folderFiles(t, "a/1.jpg", "a/2.jpg", "b/1.jpg", "b/2.jpg"))
	for _, c := range []struct {
		name         string
		o            Options
		train, tests int
	}{
		{"drawn", Options{Classes: 10, Images: 20, Size: 32}, 200, 40},
		{"drawn", Options{Classes: 10, Images: 20, TestImages: 3}, 200, 30},
		{"oxford-iiit-pet", Options{Root: pets}, 3, 2},
		{"oxford-iiit-pet", Options{Root: pets, TrainList: "test.txt", Relabel: true}, 2, 2},
		{"image-folder", Options{Root: folder, TestFraction: 0.5}, 2, 2},
	} {
		train, test, err := Open(background, c.name, c.o)
		if err != nil {
			t.Error(err)
			continue
		}
		if train.Len() != c.train || test.Len() != c.tests {
			t.Errorf("%s %+v: %d and %d images, want %d and %d", c.name, c.o, train.Len(), test.Len(), c.train, c.tests)
		}
	}
	_, _, err := Open(background, "cifar", Options{})
	wantError(t, "unknown", err, ErrConfig, `"cifar" is none of [drawn image-folder oxford-iiit-pet`)
	_, _, err = Open(background, "oxford-iiit-pet", Options{Root: filepath.Join(t.TempDir(), "none")})
	wantError(t, "no folder", err, ErrNoSet, "there is no folder")
}

func TestOpenDownloads(t *testing.T) {
	m, root := newMirror(t), filepath.Join(t.TempDir(), "pets")
	train, _, err := Open(background, "oxford-iiit-pet", Options{Root: root, Download: true, URL: m.start(t)})
	if err != nil || train.Len() != 3 {
		t.Errorf("%v, %v", train, err)
	}
	// Without Download nothing is asked for.
	m.requests = nil
	_, _, err = Open(background, "oxford-iiit-pet", Options{Root: root + "2", URL: m.start(t)})
	wantError(t, "no download", err, ErrNoSet, "there is no folder")
	if len(m.requests) != 0 {
		t.Errorf("requests without Download: %v", m.requests)
	}
}

func TestRegister(t *testing.T) {
	f := func(context.Context, Options) (train, test Dataset, err error) {
		return &levels{n: 4}, &levels{n: 2}, nil
	}
	if err := Register("levels of grey", f); err != nil {
		t.Fatal(err)
	}
	if train, _, err := Open(background, "levels of grey", Options{}); err != nil || train.Len() != 4 {
		t.Errorf("%v, %v", train, err)
	}
	wantError(t, "twice", Register("levels of grey", f), ErrConfig, "the name is taken")
	wantError(t, "auto", Register("auto", f), ErrConfig, "the name is taken")
	wantError(t, "nil", Register("x", nil), ErrConfig, "cannot register")
}
