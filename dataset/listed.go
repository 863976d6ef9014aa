package dataset

import "fmt"

// Optional interfaces of a Dataset.

// Listed is a Dataset that can list its images without reading them.
type Listed interface {
	Dataset
	// Image is the name of image i and its label. A file's name is its path
	// below the set's folder, with forward slashes on every system: it stays when
	// the set moves.
	Image(i int) (name string, label int)
}

// Versioned is a Dataset whose images depend on something beside their names and
// classes, such as a seed or a revision. Version is a short text for it; sets with
// different texts are different sets.
type Versioned interface{ Version() string }

// Noted is a Dataset with warnings about how it was put together.
type Noted interface {
	// Notes are sentences for the user who trains on the set.
	Notes() []string
}

// Described is a Dataset that lists the files it is made of.
type Described interface {
	// About are lines such as "train trains, validation tests".
	About() []string
}

// HeldOut is a test set that chooses the best weights, for a set that has further
// images that test these weights once, at the end of a run.
type HeldOut interface {
	// Final are these images, with the same classes; nil: there are none.
	Final() Dataset
}

// Notes are the warnings of a training and a test set, each once.
func Notes(train, test Dataset) []string {
	notes := gather(train, test, func(d Dataset) []string {
		if n, ok := d.(Noted); ok {
			return n.Notes()
		}
		return nil
	})
	if classes := train.Classes(); len(classes) == 1 {
		notes = append(notes, fmt.Sprintf("there is one class, %s: there is nothing to tell apart", classes[0]))
	}
	return notes
}

// About describes a training and a test set, each line once.
func About(train, test Dataset) []string {
	return gather(train, test, func(d Dataset) []string {
		if n, ok := d.(Described); ok {
			return n.About()
		}
		return nil
	})
}

func gather(train, test Dataset, of func(Dataset) []string) (lines []string) {
	known := map[string]bool{}
	for _, d := range []Dataset{train, test} {
		for _, line := range of(d) {
			if !known[line] {
				known[line] = true
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// Final is the Final of a test set that is HeldOut; nil for others.
func Final(test Dataset) Dataset {
	if h, ok := test.(HeldOut); ok {
		return h.Final()
	}
	return nil
}

// Occurring is the number of classes that have images in a Listed set; for others it is the
// number of all classes.
func Occurring(set Dataset) int {
	counts := PerClass(set)
	if counts == nil {
		return len(set.Classes())
	}
	n := 0
	for _, images := range counts {
		if images > 0 {
			n++
		}
	}
	return n
}

// PerClass counts the images of each class of a Listed set; nil for others.
func PerClass(set Dataset) []int {
	l, ok := set.(Listed)
	if !ok {
		return nil
	}
	counts := make([]int, len(set.Classes()))
	for i := range set.Len() {
		if _, label := l.Image(i); label >= 0 && label < len(counts) {
			counts[label]++
		}
	}
	return counts
}
