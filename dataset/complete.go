package dataset

import (
	"errors"
	"fmt"
	"path/filepath"
)

// petLists are the lists of the set itself, in the folder annotations.
var petLists = []string{"list.txt", "trainval.txt", "test.txt"}

// complete returns nil if root holds the set with every image that its lists
// name, or every image that p's own lists name. Otherwise the error names the
// missing files and wraps ErrNoSet, ErrList or ErrMissing.
func (p OxfordIIITPet) complete(root string) error {
	err := completeWith(root, root)
	if err == nil || p.TrainList == "" && p.TestList == "" {
		return err
	}
	p.Root = root // a part of the set is enough for lists of a part
	if _, _, e := p.Splits(); e == nil {
		return nil
	}
	return err
}

// completeWith is complete for the set that root has once the files of another
// folder, which may be root itself, are added where it has none.
func completeWith(root, other string) error {
	if err := checkRoot(root); err != nil {
		return err
	}
	present, err := imageNames(root)
	if err != nil {
		return err
	}
	more, err := imageNames(other)
	if err != nil {
		return err
	}
	for name, isFile := range more {
		present[name] = present[name] || isFile
	}
	for _, name := range petLists {
		l, err := readList(filepath.Join(root, "annotations", name), maxClass)
		if err != nil && other != root {
			l, err = readList(filepath.Join(other, "annotations", name), maxClass)
		}
		if err != nil {
			return err
		}
		if err := l.missing(root, present); err != nil {
			return err
		}
	}
	return nil
}

// missing names the first image of the list that is not present, and how many
// are not.
func (l *list) missing(root string, present map[string]bool) error {
	missing, first := 0, ""
	for _, e := range l.entries {
		if name := e.name + ".jpg"; !present[name] {
			if missing++; missing == 1 {
				first = name
			}
		}
	}
	if missing == 0 {
		return nil
	}
	return missingImages{missing, fmt.Errorf("dataset: %s: %w: %d of %d are not in %s, the first is %s",
		l.path, ErrMissing, missing, len(l.entries), filepath.Join(root, "images"), first)}
}

// missingImages is an error that counts them.
type missingImages struct {
	n int
	error
}

func (m missingImages) Unwrap() error { return m.error }

// lacking is the number of images that an error of complete counted, else 0.
func lacking(err error) int64 {
	var m missingImages
	errors.As(err, &m)
	return int64(m.n)
}
