package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
)

// Options say what a report is about. The zero value is ready to use.
type Options struct {
	// Title stands above the report; empty: made from the runs.
	Title string
	// About is a paragraph of the reader's own, such as the question that was asked.
	About string
	// Images opens the training and the test images of a run for the pictures; nil: the
	// data set that the run's configuration names, if it is there.
	Images func(r *Run) (train, test dataset.Dataset, err error)
}

// Report is what some runs tell together.
type Report struct {
	Options
	// Experiments are in order of their best accuracy; those without one come last.
	Experiments []*Experiment
	// TestSets are the images that accuracies are of: only experiments with the same ones
	// are compared.
	TestSets []*TestSet
	// Comparisons join the experiments of a test set by the smallest changes there are:
	// each but one is compared with the one that its settings differ from least.
	Comparisons []Comparison

	usual []float64 // of each test set, the standard deviation between seeds
}

// New puts runs beside each other. No runs is ErrNoRuns.
func New(runs []*Run, o Options) (*Report, error) {
	if len(runs) == 0 {
		return nil, fmt.Errorf("report: %w", ErrNoRuns)
	}
	r := &Report{Options: o, Experiments: experiments(runs)}
	r.TestSets = testSets(r.Experiments)
	r.usual = make([]float64, len(r.TestSets))
	for i := range r.TestSets {
		var all []Stat
		for _, e := range r.Experiments {
			if e.Set == i {
				all = append(all, e.Best)
			}
		}
		r.usual[i], _ = pooled(all...)
	}
	r.Comparisons = r.smallestChanges() // in the order in which the runs were given
	slices.SortStableFunc(r.Experiments, func(a, b *Experiment) int {
		return cmp.Or(cmp.Compare(b.Best.Mean, a.Best.Mean), cmp.Compare(b.Best.N, a.Best.N))
	})
	for i, e := range r.Experiments {
		e.Index = i
	}
	slices.SortStableFunc(r.Comparisons, func(a, b Comparison) int {
		return cmp.Or(cmp.Compare(a.A.Index, b.A.Index), cmp.Compare(a.B.Index, b.B.Index))
	})
	return r, nil
}

// compare puts two experiments on one test set beside each other.
func (r *Report) compare(a, b *Experiment) Comparison { return compare(a, b, r.usual[a.Set]) }

// set is an experiment's test images.
func (r *Report) set(e *Experiment) *TestSet { return r.TestSets[e.Set] }

// of lists the evaluated experiments on a test set, the best first.
func (r *Report) of(set int) (list []*Experiment) {
	for _, e := range r.Experiments {
		if e.Set == set && e.Best.N > 0 {
			list = append(list, e)
		}
	}
	return list
}

// smallestChanges is a tree of comparisons of each test set with as few changed settings
// as can be (Kruskal).
func (r *Report) smallestChanges() (tree []Comparison) {
	type edge struct{ a, b, changes int }
	var edges []edge
	list := r.Experiments
	for i, a := range list {
		for j := range i {
			if b := list[j]; a.Set == b.Set && a.Best.N > 0 && b.Best.N > 0 && a.config() != nil && b.config() != nil {
				edges = append(edges, edge{j, i, len(changes(a, b))})
			}
		}
	}
	slices.SortStableFunc(edges, func(x, y edge) int { return cmp.Compare(x.changes, y.changes) })
	part := make([]int, len(list))
	for i := range part {
		part[i] = i
	}
	for _, e := range edges {
		a, b := part[e.a], part[e.b]
		if a == b {
			continue
		}
		for i := range part {
			if part[i] == b {
				part[i] = a
			}
		}
		tree = append(tree, r.compare(list[e.a], list[e.b]))
	}
	return tree
}

// varied lists the keys that are not the same in all experiments.
func (r *Report) varied() (keys []string) {
	var all []map[string]string
	for _, e := range r.Experiments {
		if e.config() != nil {
			all = append(all, settings(e.config()))
		}
	}
	for _, k := range config.Keys() {
		for _, m := range all {
			if m[k.Path] != all[0][k.Path] {
				keys = append(keys, k.Path)
				break
			}
		}
	}
	return keys
}

// learned reports whether an experiment is better than chance: by more than two binomial
// standard deviations, since the best of many epochs is one of luck too.
func (r *Report) learned(e *Experiment) bool {
	chance := r.set(e).Chance
	return e.Best.N > 0 && (chance == 0 || r.aboveChance(e) > 2)
}

// aboveChance is how far an experiment is above chance, in standard deviations.
func (r *Report) aboveChance(e *Experiment) float64 {
	chance := r.set(e).Chance
	return inDeviations(e.Best.Mean-chance, deviation(Stat{Mean: chance}, Stat{}, e.images(), 1))
}
