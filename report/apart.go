package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/internal/inwords"
)

// Apart explains why the accuracies of some runs cannot be compared: how each test set
// differs from the first, a text for each. images reports whether the images differ, and not
// only the classes. nil: all runs have the same test set.
func (r *Report) Apart() (texts []string, images bool) {
	first := r.representative(0)
	for i := 1; i < len(r.TestSets); i++ {
		text, others := apart(first, r.representative(i))
		texts, images = append(texts, text), images || others
	}
	return texts, images
}

// testedRun is a run with its name in the report.
type testedRun struct {
	*Run
	called string
}

// representative returns a run on a test set, preferably one with predictions.
func (r *Report) representative(set int) (found testedRun) {
	for _, e := range r.Experiments {
		for _, run := range e.Runs {
			if e.Set == set && (found.Run == nil || found.Predictions == nil && run.Predictions != nil) {
				found = testedRun{run, e.Name}
			}
		}
	}
	return found
}

// apart describes how the test sets of two runs differ, and reports whether their images do.
func apart(a, b testedRun) (text string, images bool) {
	parts := imagesApart(a, b)
	images = len(parts) > 0
	parts = append(parts, outputsApart(a, b)...)
	if !images {
		parts = append(parts, labelsApart(a, b)...)
	}
	for _, key := range keysApart(a.Run, b.Run) {
		if x, y := setting(a.Config, key), setting(b.Config, key); x != y {
			parts = append(parts, fmt.Sprintf("%s is %q and %q", key, x, y))
			images = images || key != "data.relabel"
		}
	}
	if len(parts) == 0 {
		parts, images = []string{"it is unknown whether they are the same"}, true
	}
	return fmt.Sprintf("%s and %s: %s", a.called, b.called, strings.Join(parts, "; ")), images
}

// keysApart lists the settings that may explain why two runs have other test images: those
// of every set, and those that determine the images of both runs' sets.
func keysApart(a, b *Run) []string {
	if a.Config == nil || b.Config == nil {
		return nil
	}
	keys := []string{"data.set", "data.root", "data.test_fraction", "data.split_seed"}
	of, _ := testedBy(a.Config.Data.Set)
	others, _ := testedBy(b.Config.Data.Set)
	for _, key := range of {
		if slices.Contains(others, key) && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// imagesApart names test images that only one of the runs has, or compares their numbers if
// their names are unknown.
func imagesApart(a, b testedRun) (parts []string) {
	if a.Predictions == nil || b.Predictions == nil || a.redrawn() && b.redrawn() {
		if n, m := a.Summary.TestImages, b.Summary.TestImages; n != m {
			parts = append(parts, fmt.Sprintf("%d and %d test images", n, m))
		}
		return parts
	}
	for _, of := range [][2]testedRun{{a, b}, {b, a}} {
		if names := missing(of[0].Run, of[1].Run); len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%s only in %s (%s)", inwords.CountGrouped(len(names), "image"), of[0].called, some(names, 3)))
		}
	}
	return parts
}

// missing lists the images of a that b lacks, in the order of a. Several images may have
// one name.
func missing(a, b *Run) (names []string) {
	left, bare := map[string]int{}, a.bareNames() || b.bareNames()
	for _, p := range b.Predictions {
		left[imageKey(p, bare)]++
	}
	for _, p := range a.Predictions {
		if left[imageKey(p, bare)]--; left[imageKey(p, bare)] < 0 {
			names = append(names, p.Image)
		}
	}
	return names
}

// outputsApart compares the models' classes.
func outputsApart(a, b testedRun) []string {
	n, m := len(a.Classes), len(b.Classes)
	switch {
	case n == 0 || m == 0 || slices.Equal(a.Classes, b.Classes):
		return nil
	case n != m:
		return []string{fmt.Sprintf("%d outputs in %s, %d in %s", n, a.called, m, b.called)}
	}
	var names []string
	for i, name := range a.Classes {
		if name != b.Classes[i] {
			names = append(names, fmt.Sprintf("%d: %s and %s", i, name, b.Classes[i]))
		}
	}
	return []string{fmt.Sprintf("%s with other names (%s)", inwords.CountGrouped(len(names), "output"), some(names, 3))}
}

// labelsApart names images that both runs have, but in different classes.
func labelsApart(a, b testedRun) []string {
	if a.Predictions == nil || b.Predictions == nil || len(a.Classes) == 0 || len(b.Classes) == 0 {
		return nil
	}
	bare := a.bareNames() || b.bareNames()
	classes := map[string][]string{} // of an image of b; of several images with one name, in order
	for _, p := range b.Predictions {
		key := imageKey(p, bare)
		classes[key] = append(classes[key], b.class(p.Label))
	}
	var moved []string
	for _, p := range a.Predictions {
		key := imageKey(p, bare)
		of := classes[key]
		if len(of) == 0 {
			continue
		}
		if i := slices.Index(of, a.class(p.Label)); i >= 0 {
			classes[key] = slices.Delete(of, i, i+1)
			continue
		}
		moved = append(moved, fmt.Sprintf("%s: %s and %s", p.Image, a.class(p.Label), of[0]))
		classes[key] = of[1:]
	}
	if len(moved) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s in other classes (%s)", inwords.CountGrouped(len(moved), "image"), some(moved, 3))}
}

// sentences ends each text with a full stop.
func sentences(texts []string) []string {
	ended := make([]string, len(texts))
	for i, t := range texts {
		ended[i] = t + "."
	}
	return ended
}
