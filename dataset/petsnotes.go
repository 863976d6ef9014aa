package dataset

import (
	"fmt"
	"path/filepath"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// explainRoot is a hint about a folder that is not the set: the kind of folder that it seems
// to be, and the setting that fits; "" if it is not known.
func explainRoot(root string) string {
	at, err := look(root)
	if err != nil {
		return ""
	}
	for _, name := range at.folders {
		if inner := filepath.Join(root, name); checkRoot(inner) == nil {
			return "the set is in " + inner + ": data.root=" + inner
		}
	}
	if abs, err := filepath.Abs(root); err == nil && checkRoot(filepath.Dir(abs)) == nil {
		return "the set is the folder above: data.root=" + filepath.Dir(abs)
	}
	images := len(FindImages(root).Images)
	if images == 0 {
		return ""
	}
	what := "no folder"
	if n := len(at.folders); n > 0 {
		what = fmt.Sprintf("%s (%s)", inwords.Count(n, "folder"), inwords.Some(at.folders))
	}
	if l, err := findLayout(root); err == nil && l.root != root {
		what += ", with a set in " + l.root
	}
	return fmt.Sprintf("it holds %s and %s: for folders of images, one a class, set data.set=image-folder", what, inwords.Count(images, "image"))
}

// noteLists notes surprises in the lists: classes that get an
// output but no image, and images that both lists have.
func noteLists(train, test *fileSet) {
	trains, tests := PerClass(train), PerClass(test)
	var empty, untested []string
	for label, class := range train.classes {
		if trains[label] == 0 {
			empty = append(empty, class)
		} else if tests[label] == 0 {
			untested = append(untested, class)
		}
	}
	if len(empty) > 0 {
		train.notes = append(train.notes, fmt.Sprintf("%d of the %d classes have no training image (%s), and the model has an output for each; "+
			"data.relabel=true has outputs only for the classes of the training list", len(empty), len(train.classes), inwords.Some(empty)))
	}
	if len(untested) > 0 {
		train.notes = append(train.notes, fmt.Sprintf("%d of the %d classes are trained but have no test image: %s", len(untested), len(train.classes), inwords.Some(untested)))
	}
	trained := map[string]bool{}
	for _, f := range train.files {
		trained[f.path] = true
	}
	var both []string
	for _, f := range test.files {
		if trained[f.path] {
			both = append(both, filepath.Base(f.path))
		}
	}
	if len(both) > 0 {
		train.notes = append(train.notes, fmt.Sprintf("%d images are in both lists, so that the test accuracy is of images that were trained on: %s", len(both), inwords.Some(both)))
	}
}
