package dataset

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/philox"
	"github.com/euryale-ml/euryale/transforms"
)

// ImageFolder is a tree of images, a folder a class. Root holds either train
// and test (or val, valid) with the classes in them, or train alone, or the
// classes themselves; without test images every class is split by a seed into
// TestFraction test images and the rest. Classes are numbered in byte order of their names, those of train
// first of all: a class that only test has is an error.
type ImageFolder struct {
	Root         string
	TestFraction float64 // 0 < f < 1; used only where Root has no test images of its own
	Seed         uint64
}

// Splits lists the files and returns the training and the test images. Errors
// wrap ErrNoSet or ErrConfig.
func (f ImageFolder) Splits() (train, test Dataset, err error) {
	if info, err := os.Stat(f.Root); err != nil || !info.IsDir() {
		return nil, nil, fmt.Errorf("dataset: %w: there is no folder %q", ErrNoSet, f.Root)
	}
	if own := filepath.Join(f.Root, "train"); holdsFolders(own) {
		for _, name := range []string{"test", "val", "valid"} {
			if dir := filepath.Join(f.Root, name); holdsFolders(dir) {
				return splitFolders(own, dir)
			}
		}
		f.Root = own
	}
	return f.splitBySeed()
}

// holdsFolders tells a split from a class that is called "train".
func holdsFolders(path string) bool {
	entries, err := os.ReadDir(path)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return !strings.HasPrefix(e.Name(), ".") && isFolder(filepath.Join(path, e.Name()))
	})
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func splitFolders(train, test string) (Dataset, Dataset, error) {
	classes, a, err := listClasses(train)
	if err != nil {
		return nil, nil, err
	}
	others, b, err := listClasses(test)
	if err != nil {
		return nil, nil, err
	}
	var tests [][]string
	for _, c := range others {
		if !slices.Contains(classes, c) {
			return nil, nil, fmt.Errorf("dataset: %w: class %q of %s is not in %s", ErrConfig, c, test, train)
		}
	}
	for _, c := range classes {
		var paths []string
		if i := slices.Index(others, c); i >= 0 {
			paths = b[i]
		}
		tests = append(tests, paths)
	}
	return newFileSet(classes, a), newFileSet(classes, tests), nil
}

// splitBySeed takes TestFraction of each class, at least one image and never
// all, for testing.
func (f ImageFolder) splitBySeed() (Dataset, Dataset, error) {
	if !(f.TestFraction > 0 && f.TestFraction < 1) {
		return nil, nil, fmt.Errorf("dataset: %w: ImageFolder.TestFraction = %g, want more than 0 and less than 1, since %s has no test images of its own", ErrConfig, f.TestFraction, f.Root)
	}
	classes, all, err := listClasses(f.Root)
	if err != nil {
		return nil, nil, err
	}
	train, test := make([][]string, len(all)), make([][]string, len(all))
	for i, paths := range all {
		n := len(paths)
		if n < 2 {
			return nil, nil, fmt.Errorf("dataset: %w: class %q of %s has %d image, a split needs 2", ErrConfig, classes[i], f.Root, n)
		}
		k := max(1, min(n-1, int(f.TestFraction*float64(n)+0.5)))
		chosen := permutation(n, philox.New(f.Seed, philox.Stream("split"), philox.Stream(classes[i])))[:k]
		slices.Sort(chosen)
		for j, p := range paths {
			if _, found := slices.BinarySearch(chosen, j); found {
				test[i] = append(test[i], p)
			} else {
				train[i] = append(train[i], p)
			}
		}
	}
	return newFileSet(classes, train), newFileSet(classes, test), nil
}

// listClasses returns the folders of dir in byte order, and their images,
// those of folders below included.
func listClasses(dir string) (classes []string, paths [][]string, err error) {
	entries, err := os.ReadDir(dir) // in order of name
	if err != nil {
		return nil, nil, fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") || !isFolder(path) {
			continue
		}
		images, err := listImages(path)
		if err != nil {
			return nil, nil, err
		}
		if len(images) == 0 {
			return nil, nil, fmt.Errorf("dataset: %w: class folder %s holds no images", ErrNoSet, path)
		}
		classes, paths = append(classes, e.Name()), append(paths, images)
	}
	if len(classes) == 0 {
		return nil, nil, fmt.Errorf("dataset: %w: %s holds no folders of images, one a class", ErrNoSet, dir)
	}
	return classes, paths, nil
}

func listImages(dir string) ([]string, error) {
	var images []string
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real // WalkDir does not follow links
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
		}
		hidden := strings.HasPrefix(d.Name(), ".")
		if d.IsDir() {
			if hidden && path != dir {
				return fs.SkipDir
			}
			return nil
		}
		if !hidden && transforms.IsImageName(path) {
			images = append(images, path)
		}
		return nil
	})
	return images, err
}

func newFileSet(classes []string, paths [][]string) *fileSet {
	s := &fileSet{classes: classes}
	for label, of := range paths {
		for _, p := range of {
			s.files = append(s.files, file{p, label})
		}
	}
	return s
}

// permutation shuffles 0 … n−1 (Fisher and Yates). It is written out so that
// orders stay the same whatever the standard library does.
func permutation(n int, source rand.Source) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := below(source, i+1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}
