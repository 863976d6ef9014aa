package report

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
)

// TestSet is the test images of some experiments, whose accuracies may be compared.
type TestSet struct {
	// Name describes the images in words.
	Name string
	// Images is their number.
	Images int
	// Outputs is the number of the models' classes, Classes that of the classes which occur
	// among the images; 0: unknown.
	Outputs, Classes int
	// Chance is the accuracy of guessing among the classes that occur, Common that of
	// always predicting the most frequent one; 0: unknown.
	Chance, Common float64
	// Redrawn: each seed has different test images.
	Redrawn bool
	// Runs are the folders of the runs on these images, only the last element of their paths.
	Runs []string

	key string
	run *Run // a run on these images, preferably with predictions
}

// testedBy lists the keys that determine the test images of a set, and reports whether the
// run's seed does too.
func testedBy(set string) (keys []string, seed bool) {
	words := []string{"root"}
	if s, ok := dataset.Lookup(set); ok {
		if seed = s.TestBySeed; s.TestKeys != nil {
			words = s.TestKeys
		}
	}
	for _, word := range words {
		keys = append(keys, "data."+word)
	}
	return keys, seed
}

// redrawn reports whether the test images depend on the seed.
func (r *Run) redrawn() bool {
	if r.Config == nil {
		return false
	}
	_, seed := testedBy(r.Config.Data.Set)
	return seed
}

// testKey is equal for runs whose settings give the same test images.
func (r *Run) testKey() string {
	n := r.Summary.TestImages
	if r.Config == nil {
		return fmt.Sprintf("unknown, %d images", n)
	}
	text := fmt.Sprintf("%s, %d images", r.Config.Data.Set, n)
	keys, _ := testedBy(r.Config.Data.Set)
	for _, key := range keys {
		text += fmt.Sprintf(", %s %s", key, setting(r.Config, key))
	}
	return text
}

// testSets finds the test sets that experiments share and numbers them. The runs of one
// experiment have the same test set.
func testSets(list []*Experiment) []*TestSet {
	var sets []*TestSet
	for _, e := range list {
		r := e.Runs[0]
		key := r.testKey()
		e.Set = slices.IndexFunc(sets, func(s *TestSet) bool { return s.key == key && sameImages(s.run, e.withPredictions()) })
		if e.Set < 0 {
			e.Set = len(sets)
			sets = append(sets, &TestSet{key: key, Name: r.testName(), Images: r.Summary.TestImages, Redrawn: r.redrawn()})
		}
		sets[e.Set].learn(e)
	}
	return sets
}

// withPredictions returns the first run of the experiment that has predictions, else its
// first run.
func (e *Experiment) withPredictions() *Run {
	for _, r := range e.Runs {
		if r.Predictions != nil {
			return r
		}
	}
	return e.Runs[0]
}

// testName describes a run's test images in words.
func (r *Run) testName() string {
	if r.Config == nil {
		return "unknown images"
	}
	parts := []string{r.Config.Data.Set}
	keys, _ := testedBy(r.Config.Data.Set)
	for _, k := range config.Keys() {
		if k.Kind != reflect.String || !slices.Contains(keys, k.Path) {
			continue
		}
		if value := setting(r.Config, k.Path); value != k.Default {
			parts = append(parts, value)
		}
	}
	return strings.Join(parts, " ")
}

// learn fills in fields that an experiment's runs determine.
func (s *TestSet) learn(e *Experiment) {
	if s.run == nil || s.run.Predictions == nil {
		s.run = e.withPredictions()
	}
	for _, r := range e.Runs {
		s.Runs = append(s.Runs, r.base())
		if s.Outputs == 0 {
			s.Outputs = len(r.Classes)
		}
		if s.Classes > 0 || r.Predictions == nil {
			continue
		}
		most, counts := 0, labelCounts(r.Predictions)
		for _, n := range counts {
			most = max(most, n)
		}
		s.Classes, s.Common = len(counts), float64(most)/float64(len(r.Predictions))
		s.Chance = 1 / float64(s.Classes)
	}
	if n := s.run.ClassCount(); s.Chance == 0 && n > 0 {
		s.Chance = 1 / float64(n)
	}
}

func labelCounts(all []run.Prediction) map[int]int {
	counts := map[int]int{}
	for _, p := range all {
		counts[p.Label]++
	}
	return counts
}
