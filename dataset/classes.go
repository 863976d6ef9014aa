package dataset

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// classList is a folder of classes, a folder each.
type classList struct {
	dir     string
	classes []string // in byte order
	found   []*Found // of each class
	loose   int      // images beside the folders, which have no class
	beside  *Found   // links beside the folders that lead nowhere or back
}

// mostNamed is the largest number of errors that are listed.
const mostNamed = 5

// listClasses lists the folders of dir and the images below them. Folders that
// cannot be read are an error.
func listClasses(dir string, w *walker) (*classList, error) {
	at, err := look(dir)
	if err != nil {
		return nil, err
	}
	l := &classList{dir: dir, loose: at.images, beside: &Found{Broken: at.broken, Loops: at.loops}}
	var errs []error
	for _, name := range at.folders {
		found := w.find(filepath.Join(dir, name))
		l.classes, l.found = append(l.classes, name), append(l.found, found)
		errs = append(errs, found.Errs...)
	}
	if more := len(errs) - mostNamed; more > 0 {
		errs = append(errs[:mostNamed], fmt.Errorf("%d more like these", more))
	}
	return l, errors.Join(errs...)
}

// images is the number of images of all classes.
func (l *classList) images() (n int) {
	for _, f := range l.found {
		n += len(f.Images)
	}
	return n
}

// paths are the images of each of classes; nil for those that are not in the list.
func (l *classList) paths(classes []string) [][]string {
	paths := make([][]string, len(classes))
	for i, class := range classes {
		if at := slices.Index(l.classes, class); at >= 0 {
			paths[i] = l.found[at].Images
		}
	}
	return paths
}

// checkTraining is an error if a class has no image, or if there is no class.
func (l *classList) checkTraining() error {
	if len(l.classes) == 0 {
		beside := ""
		if l.loose > 0 {
			beside = fmt.Sprintf("; %s in it, of no class%s", inwords.Count(l.loose, "image"), hintAbove(l.dir))
		}
		return fmt.Errorf("dataset: %w: %s holds no folders of images, one a class%s", ErrNoSet, l.dir, beside)
	}
	var empty []string
	out := &Found{}
	for i, f := range l.found {
		if len(f.Images) == 0 {
			empty = append(empty, l.classes[i])
			out.add(f)
		}
	}
	if len(empty) == 0 {
		return nil
	}
	holds := "nothing"
	if text := out.LeftOutText(); text != "" {
		holds = text
	}
	what := "class folder " + filepath.Join(l.dir, empty[0])
	if len(empty) > 1 {
		what = fmt.Sprintf("%d class folders of %s: %s:", len(empty), l.dir, inwords.Some(empty))
	}
	hint := ""
	if set := Holding(l.dir); set != "" {
		hint = fmt.Sprintf("; this looks like the set %s: data.set=%[1]s", set)
	}
	return fmt.Errorf("dataset: %w: %s holds no images, but %s; files that end in %s are images%s", ErrNoSet, what, holds, readable(), hint)
}

// hintAbove is a hint that a folder of images may be a class of the folder above it; "" if
// that holds no other folders.
func hintAbove(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	above := filepath.Dir(abs)
	if at, err := look(above); err != nil || len(at.folders) < 2 || isPart(filepath.Base(abs)) {
		return ""
	}
	return fmt.Sprintf("; if %s is a class, the root is the folder above: data.root=%s", filepath.Base(abs), above)
}

// checkKnown is an error if there are classes that the training part does not have.
func (l *classList) checkKnown(train *classList) error {
	var unknown []string
	hint := ""
	for _, c := range l.classes {
		if slices.Contains(train.classes, c) {
			continue
		}
		unknown = append(unknown, fmt.Sprintf("%q", c))
		if i := slices.IndexFunc(train.classes, func(t string) bool { return strings.EqualFold(t, c) }); i >= 0 {
			hint = fmt.Sprintf("; %q there is spelled in another case, and names must agree", train.classes[i])
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	what, verb := "class", "is"
	if len(unknown) > 1 {
		what, verb = fmt.Sprintf("%d classes", len(unknown)), "are"
	}
	return fmt.Errorf("dataset: %w: %s %s of %s %s not in %s%s", ErrConfig, what, inwords.Some(unknown), l.dir, verb, train.dir, hint)
}

// withoutImages names those of classes that have no image in the list.
func (l *classList) withoutImages(classes []string) (names []string) {
	for i, paths := range l.paths(classes) {
		if len(paths) == 0 {
			names = append(names, classes[i])
		}
	}
	return names
}
