package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// ImageFolder is a tree of images, a folder a class, and folders below it.
//
// Root holds a training part, the folder train or training, with the classes in
// it, and a test part: val, valid, validation, eval, evaluation, dev, or test,
// testing. Names may be in any case. With one of the first and one of the second
// kind, the first chooses the best weights and the second, the HeldOut of the
// returned test set, tests them at the end. If Root has no such parts the classes
// are in it itself.
//
// Without test images TestFraction of each class is split off, by a hash of each
// image's path below the folder of the classes and of Seed: images that are added
// or removed leave the others in their part. Each class gets at least one image
// in both parts; the Notes and About of the sets describe the folders that were found.
//
// Classes are numbered in byte order of their names, those of the training part
// part: a class that only a test part has is an error. But a part called test with
// images in a single folder that is no class, such as test/unknown, or without
// folders, has no labels and is left out. Links are followed and hidden files left
// out, see FindImages.
type ImageFolder struct {
	Root         string
	TestFraction float64 // 0 < f < 1; used only if Root has no test part
	Seed         uint64  // of that split
}

// Splits lists the files and returns the training and the test images. It reads
// no image. Errors wrap ErrNoSet or ErrConfig.
func (f ImageFolder) Splits() (train, test Dataset, err error) {
	if f.Root == "" {
		return nil, nil, fmt.Errorf("dataset: %w: ImageFolder.Root is empty: want the folder of the images", ErrNoSet)
	}
	if err := checkFolder(f.Root); err != nil {
		return nil, nil, err
	}
	l, err := findLayout(f.Root)
	if err != nil {
		return nil, nil, err
	}
	s := &folderSplit{ImageFolder: f, layout: l, walker: newWalker()}
	if s.training, err = listClasses(l.trainDir(), s.walker); err != nil {
		return nil, nil, err
	}
	if err := s.training.checkTraining(); err != nil {
		return nil, nil, err
	}
	if err := s.listParts(); err != nil {
		return nil, nil, err
	}
	return s.sets()
}

// checkFolder is an error unless path is a folder.
func checkFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
	case err != nil:
		return fmt.Errorf("dataset: %w: there is no folder %q", ErrNoSet, path)
	case !info.IsDir():
		return fmt.Errorf("dataset: %w: there is no folder %q: it is a file", ErrNoSet, path)
	}
	return nil
}

// folderSplit is the state of ImageFolder.Splits.
type folderSplit struct {
	ImageFolder
	*layout
	walker                      *walker
	training, choosing, testing *classList // the last two nil where there are none
}

// listParts lists the parts for testing; a part without images is left out.
func (s *folderSplit) listParts() (err error) {
	if s.choosing, err = s.listPart(s.choose); err != nil {
		return err
	}
	if s.testing, err = s.listPart(s.test); err != nil {
		return err
	}
	if s.choosing == nil {
		s.choosing, s.testing = s.testing, nil
	}
	return nil
}

func (s *folderSplit) listPart(name string) (*classList, error) {
	if name == "" {
		return nil, nil
	}
	l, err := listClasses(filepath.Join(s.root, name), s.walker)
	if err != nil {
		return nil, err
	}
	if l.images() == 0 {
		out := &Found{}
		for _, f := range l.found {
			out.add(f)
		}
		holds := ""
		if text := out.LeftOutText(); text != "" {
			holds = " (it holds " + text + ")"
		}
		s.note("%s holds no images and is left out%s", l.dir, holds)
		return nil, nil
	}
	if s.isUnlabelled(name, l) {
		s.note("%s holds %s, all in the folder %s, which is no class of %s, so that nothing says what they show: it is left out",
			l.dir, inwords.Count(l.images(), "image"), l.classes[0], s.training.dir)
		return nil, nil
	}
	return l, l.checkKnown(s.training)
}

// isUnlabelled reports whether a part named for tests holds images of which the class is
// not known: all are in a single folder that is no class, such as test/unknown.
func (s *folderSplit) isUnlabelled(name string, l *classList) bool {
	if !slices.Contains(testingNames, strings.ToLower(name)) || len(l.classes) != 1 || len(s.training.classes) < 2 {
		return false
	}
	return !slices.ContainsFunc(s.training.classes, func(c string) bool { return strings.EqualFold(c, l.classes[0]) })
}

// sets makes the training and the test set.
func (s *folderSplit) sets() (Dataset, Dataset, error) {
	classes := s.training.classes
	train := newFileSet(s.root, classes, s.training.paths(classes))
	var test *fileSet
	if s.choosing != nil {
		test = newFileSet(s.root, classes, s.choosing.paths(classes))
	} else {
		var err error
		if train, test, err = s.splitOff(); err != nil {
			return nil, nil, err
		}
	}
	if s.testing != nil {
		test.final = newFileSet(s.root, classes, s.testing.paths(classes))
	}
	train.about = s.about(train, test)
	train.notes = s.allNotes()
	return train, test, nil
}

// splitOff takes test images from the training part.
func (s *folderSplit) splitOff() (train, test *fileSet, err error) {
	if !(s.TestFraction > 0 && s.TestFraction < 1) {
		return nil, nil, fmt.Errorf("dataset: %w: ImageFolder.TestFraction = %g, want more than 0 and less than 1, since %s has no test images of its own",
			ErrConfig, s.TestFraction, s.root)
	}
	classes := s.training.classes
	trains, tests := make([][]string, len(classes)), make([][]string, len(classes))
	for i, paths := range s.training.paths(classes) {
		if n := len(paths); n < 2 {
			return nil, nil, fmt.Errorf("dataset: %w: class %q of %s has %d image, a split needs 2", ErrConfig, classes[i], s.training.dir, n)
		}
		trains[i], tests[i] = splitByHash(s.training.dir, paths, s.TestFraction, s.Seed)
	}
	return newFileSet(s.root, classes, trains), newFileSet(s.root, classes, tests), nil
}
