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
	"github.com/euryale-ml/euryale/transforms"
)

// The folders that are parts of a set, in lower case: the names of timm and some
// that others use. evaluating chooses the best weights where there are images
// for testing too.
var (
	trainingNames   = []string{"train", "training"}
	evaluatingNames = []string{"val", "valid", "validation", "eval", "evaluation", "dev"}
	testingNames    = []string{"test", "testing"}
)

// layout has the folders of an image folder that are its parts.
type layout struct {
	root string // the folder below which files have their names
	// train, choose and test are folders in root. Without train the classes are
	// in root; without choose a part of the images is split off. test is set only
	// beside choose.
	train, choose, test string
	notes               []string
}

// trainDir is the folder of the training classes.
func (l *layout) trainDir() string { return filepath.Join(l.root, l.train) }

func (l *layout) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// findLayout finds the parts of the folder root. If all of the set is in a folder
// one or more levels below root, that folder becomes the root.
func findLayout(root string) (*layout, error) {
	l := &layout{root: root}
	for range 10 { // levels
		if err := l.findParts(); err != nil {
			return nil, err
		}
		inner, err := l.inner()
		if err != nil {
			return nil, err
		}
		if inner == "" {
			break
		}
		l.root = inner
	}
	if l.root != root {
		l.note("the root %s is a level too high: all it holds is in %s, which is taken as the root", root, l.root)
	}
	l.noteOthers()
	l.noteAbove()
	return l, l.checkNames()
}

// looked is the content of a folder, without that of the folders in it.
type looked struct {
	folders       []string // in byte order, without hidden ones
	images        int
	broken, loops []string // paths of links that lead nowhere, or back to a folder that holds them
}

// look lists a folder, but not the folders in it.
func look(dir string) (at looked, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return at, fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch isImage := transforms.IsImageName(path); {
		case isHidden(e.Name()):
		case e.IsDir():
			at.folders = append(at.folders, e.Name())
		case e.Type().IsRegular():
			at.count(isImage)
		default:
			at.link(dir, path, isImage)
		}
	}
	return at, nil
}

func (at *looked) count(isImage bool) {
	if isImage {
		at.images++
	}
}

// link records the target of a link in dir.
func (at *looked) link(dir, path string, isImage bool) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission): // reported when it is read
		at.folders = append(at.folders, filepath.Base(path))
	case err != nil:
		at.broken = append(at.broken, path)
	case !info.IsDir():
		at.count(isImage)
	case leadsBack(dir, path):
		at.loops = append(at.loops, path)
	default:
		at.folders = append(at.folders, filepath.Base(path))
	}
}

// leadsBack reports whether a link leads to the folder dir or to one that holds it.
func leadsBack(dir, link string) bool {
	real, err := resolve(dir)
	to, linkErr := resolve(link)
	return err == nil && linkErr == nil && (to == real || holds(to, real))
}

// named finds the folders that have one of some names, in any case.
func (at looked) named(names []string) (found []string) {
	for _, f := range at.folders {
		if slices.Contains(names, strings.ToLower(f)) {
			found = append(found, f)
		}
	}
	return found
}

// findParts finds the parts of a set in the root.
func (l *layout) findParts() error {
	l.train, l.choose, l.test = "", "", ""
	at, err := look(l.root)
	if err != nil {
		return err
	}
	train, err := l.part(at, trainingNames)
	if err != nil || train == "" {
		return err
	}
	choose, err := l.part(at, evaluatingNames)
	if err != nil {
		return err
	}
	test, err := l.part(at, testingNames)
	if err != nil {
		return err
	}
	if inside, err := look(filepath.Join(l.root, train)); err == nil && inside.images > 0 && choose == "" && test == "" {
		return nil // a class that is called train
	}
	l.train, l.choose, l.test = train, choose, test
	if choose == "" {
		l.choose, l.test = test, ""
	}
	return nil
}

// part finds the folder of one of some names that holds folders of classes.
func (l *layout) part(at looked, names []string) (string, error) {
	var found []string
	for _, name := range at.named(names) {
		if inside, err := look(filepath.Join(l.root, name)); err != nil {
			return "", err
		} else if len(inside.folders) > 0 {
			found = append(found, name)
		}
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("dataset: %w: %s holds %s, which mean the same part of a set: leave one, or rename one (%s trains, %s chooses the best weights, %s tests)",
		ErrConfig, l.root, strings.Join(found, " and "), trainingNames[0], evaluatingNames[0], testingNames[0])
}

// mostSets is the number of folders up to which they may be sets: more are classes, which
// would take long to look into.
const mostSets = 100

// inner is the folder in the root that holds all of the set; "" if the root is the
// set.
func (l *layout) inner() (string, error) {
	if l.train != "" {
		return "", nil
	}
	at, err := look(l.root)
	if err != nil || len(at.folders) > mostSets {
		return "", err
	}
	var sets []string // folders that have parts themselves
	for _, name := range at.folders {
		below := &layout{root: filepath.Join(l.root, name)}
		if below.findParts() == nil && below.train != "" {
			sets = append(sets, name)
		}
	}
	if len(sets) == 0 && len(at.folders) != 1 {
		return "", nil
	}
	var others []string // with images
	for _, name := range at.folders {
		if !slices.Contains(sets, name) && len(FindImages(filepath.Join(l.root, name)).Images) > 0 {
			others = append(others, name)
		}
	}
	switch {
	case len(sets) > 1:
		return "", fmt.Errorf("dataset: %w: %s holds several sets: %s; name one of them as the root", ErrConfig, l.root, inwords.Some(sets))
	case len(sets) == 1 && len(others) > 0:
		return "", fmt.Errorf("dataset: %w: %s holds the set %s, with a training part of its own, beside other images (%s); if it is meant, name %s as the root",
			ErrConfig, l.root, sets[0], inwords.Some(others), filepath.Join(l.root, sets[0]))
	case len(sets) == 1:
		return filepath.Join(l.root, sets[0]), nil
	case len(others) == 1 && len(at.folders) == 1:
		dir := filepath.Join(l.root, others[0])
		if inside, err := look(dir); err == nil && inside.images == 0 { // folders of images: the classes
			return dir, nil
		}
	}
	return "", nil
}

// noteOthers notes the folders in the root beside the parts that are used.
func (l *layout) noteOthers() {
	at, err := look(l.root)
	if err != nil || l.train == "" {
		return
	}
	l.notes = append(l.notes, (&Found{Broken: at.broken, Loops: at.loops}).notes()...)
	var others []string
	for _, name := range at.folders {
		if name == l.train || name == l.choose || name == l.test {
			continue
		}
		path := filepath.Join(l.root, name)
		images := len(FindImages(path).Images)
		switch {
		case isPart(name) && images == 0:
			l.note("%s holds no images and is left out", path)
		case isPart(name):
			l.note("%s holds %s but no folders of classes, so that nothing says what they show: it is left out", path, inwords.Count(images, "image"))
		case images > 0:
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		l.note("beside the training part %s, folders with images are left out: %s", l.trainDir(), inwords.Some(others))
	}
}

// noteAbove notes test images beside a root that is one level too low.
func (l *layout) noteAbove() {
	abs, err := filepath.Abs(l.root)
	if err != nil || l.train != "" || !slices.Contains(trainingNames, strings.ToLower(filepath.Base(abs))) {
		return
	}
	above := &layout{root: filepath.Dir(abs)}
	if above.findParts() == nil && above.train == filepath.Base(abs) && above.choose != "" {
		l.note("%s beside the root %s holds test images that are not used; with %s as the root they are", above.choose, l.root, above.root)
	}
}

// isPart reports whether a folder's name is that of a part, in any case.
func isPart(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(trainingNames, name) || slices.Contains(evaluatingNames, name) || slices.Contains(testingNames, name)
}

// checkNames is an error if the folders in the root all have names of parts, but there is no
// training part.
func (l *layout) checkNames() error {
	at, err := look(l.root)
	if err != nil || l.train != "" || len(at.folders) == 0 || slices.ContainsFunc(at.folders, func(name string) bool { return !isPart(name) }) {
		return err
	}
	return fmt.Errorf("dataset: %w: %s holds %s, but no folder of classes in %s: want %s, with a folder of images for each class",
		ErrNoSet, l.root, inwords.Some(at.folders), trainingNames[0], filepath.Join(l.root, trainingNames[0], "CLASS"))
}
