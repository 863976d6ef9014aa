package dataset

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/euryale-ml/euryale/transforms"
)

// fileSet is a Dataset of image files below a folder.
type fileSet struct {
	root         string
	files        []file
	classes      []string
	notes, about []string
	final        *fileSet
}

var (
	_ Listed    = (*fileSet)(nil)
	_ Noted     = (*fileSet)(nil)
	_ Described = (*fileSet)(nil)
	_ HeldOut   = (*fileSet)(nil)
)

type file struct {
	path  string
	label int
}

// newFileSet makes a set of the files of each class.
func newFileSet(root string, classes []string, paths [][]string) *fileSet {
	s := &fileSet{root: root, classes: classes}
	for label, of := range paths {
		for _, p := range of {
			s.files = append(s.files, file{p, label})
		}
	}
	return s
}

// Len is the number of images.
func (s *fileSet) Len() int { return len(s.files) }

// Classes are the names of the classes in order of their labels.
func (s *fileSet) Classes() []string { return s.classes }

// Image is the path of image i below the root, with forward slashes, and its
// label.
func (s *fileSet) Image(i int) (name string, label int) {
	f := s.files[i]
	return nameBelow(s.root, f.path), f.label
}

// Notes are warnings about the folder.
func (s *fileSet) Notes() []string { return s.notes }

// About lists the folders that the images come from.
func (s *fileSet) About() []string { return s.about }

// Final are the images that test the best weights at the end; nil: there are
// none.
func (s *fileSet) Final() Dataset {
	if s.final == nil {
		return nil
	}
	return s.final
}

// Sample decodes image i.
func (s *fileSet) Sample(ctx context.Context, i int) (Sample, error) {
	if i < 0 || i >= len(s.files) {
		return Sample{}, fmt.Errorf("dataset: there is no image %d of %d", i, len(s.files))
	}
	f := s.files[i]
	out := Sample{Label: f.label, Name: f.path}
	if err := ctx.Err(); err != nil {
		return out, err
	}
	img, err := transforms.DecodeFile(f.path)
	out.Image = img
	return out, err
}

// nameBelow is a path below a folder with forward slashes.
func nameBelow(root, path string) string {
	name := strings.TrimPrefix(path, filepath.Clean(root)) // filepath.Join cleans as well
	return filepath.ToSlash(strings.TrimPrefix(name, string(filepath.Separator)))
}
