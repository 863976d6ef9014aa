package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// about lists the folder that trains, the one that chooses the best weights, the one that
// tests, and the files that were left out.
func (s *folderSplit) about(train, test *fileSet) (lines []string) {
	name := func(l *classList) string { return filepath.Base(l.dir) }
	switch {
	case s.choosing == nil:
		where := s.root
		if s.train != "" {
			where = s.train
		}
		lines = append(lines, fmt.Sprintf("%d of the images in %s test, by a hash of their names (data.test_fraction=%g, data.split_seed=%d); the others train",
			test.Len(), where, s.TestFraction, s.Seed))
	case test.final == nil:
		lines = append(lines, fmt.Sprintf("%s trains, %s tests and chooses the best weights", s.train, name(s.choosing)))
	default:
		lines = append(lines, fmt.Sprintf("%s trains, %s chooses the best weights (%s), %s tests them at the end (%s)",
			s.train, name(s.choosing), inwords.Count(test.Len(), "image"), name(s.testing), inwords.Count(test.final.Len(), "image")))
	}
	if out := s.all().LeftOutText(); out != "" {
		lines = append(lines, "left out: "+out)
	}
	return lines
}

// all is the images found in all parts together.
func (s *folderSplit) all() *Found {
	all := &Found{}
	for _, l := range s.lists() {
		all.add(l.beside)
		for _, f := range l.found {
			all.add(f)
		}
	}
	return all
}

// lists are the parts that the set has.
func (s *folderSplit) lists() []*classList {
	return slices.DeleteFunc([]*classList{s.training, s.choosing, s.testing}, func(l *classList) bool { return l == nil })
}

// allNotes are warnings about the folder.
func (s *folderSplit) allNotes() []string {
	if s.choosing == nil && s.train != "" && len(s.notes) > 0 {
		s.note("without test images of its own, %s is split", s.training.dir)
	}
	s.noteCase()
	s.noteNearParts()
	for _, l := range s.lists() {
		if l.loose > 0 {
			s.note("%s beside the folders of classes in %s: left out", inwords.Count(l.loose, "image"), l.dir)
		}
		if names := l.withoutImages(s.training.classes); len(names) > 0 {
			s.note("%d of the %d classes have no image in %s: %s", len(names), len(s.training.classes), l.dir, inwords.Some(names))
		}
	}
	s.noteClassFirst()
	all := s.all()
	if out := all.pictures().LeftOutText(); out != "" {
		s.note("pictures in other formats are left out (%s): files are read that end in %s", out, readable())
	}
	s.notes = append(s.notes, all.notes()...)
	return s.notes
}

// noteCase notes classes whose names differ only in case.
func (s *folderSplit) noteCase() {
	first := map[string]string{} // by the name in lower case
	for _, class := range s.training.classes {
		lower := strings.ToLower(class)
		if other, known := first[lower]; known {
			s.note("the classes %s and %s of %s differ in nothing but their case", other, class, s.training.dir)
		}
		first[lower] = class
	}
}

// noteNearParts notes classes that are called almost as parts of a set, such as
// training_set and test_set, train2017 and val2017, seg_train and seg_test.
func (s *folderSplit) noteNearParts() {
	var trains, tests string
	for _, class := range s.training.classes {
		for _, word := range strings.FieldsFunc(strings.ToLower(class), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if slices.Contains(trainingNames, word) {
				trains = class
			} else if isPart(word) {
				tests = class
			}
		}
	}
	if s.train == "" && trains != "" && tests != "" {
		s.note("%s and %s in %s are taken for classes; if they are parts of a set, rename them %s and %s", trains, tests, s.root, trainingNames[0], testingNames[0])
	}
}

// noteClassFirst notes classes that have parts below them, which are no parts of
// the set.
func (s *folderSplit) noteClassFirst() {
	for _, class := range s.training.classes[:min(3, len(s.training.classes))] { // others are laid out alike
		at, err := look(filepath.Join(s.training.dir, class))
		if err != nil || len(at.named(trainingNames)) == 0 {
			continue
		}
		if tests := slices.Concat(at.named(evaluatingNames), at.named(testingNames)); len(tests) > 0 {
			s.note("%s holds %s and %s, which are not taken as parts of the set: those stand above the classes",
				filepath.Join(s.training.dir, class), at.named(trainingNames)[0], tests[0])
			return
		}
	}
}
