package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
)

// Options are the settings of New. The zero value is ready to use.
type Options struct {
	// Title is the report's title; empty: made from the runs.
	Title string
	// About is an additional paragraph, such as the question that the runs answer.
	About string
	// Images opens the training and the test images of a run for the pictures; nil: the
	// data set of the run's configuration, if it is available.
	Images func(r *Run) (train, test dataset.Dataset, err error)
}

// Report is the evaluation of several runs.
type Report struct {
	Options
	// Experiments are in order of their best accuracy; those without one come last.
	Experiments []*Experiment
	// TestSets are the test images of the experiments: only experiments with the same
	// images are compared.
	TestSets []*TestSet
	// Comparisons connect the experiments of a test set as a tree of pairs with the fewest
	// changed settings.
	Comparisons []Comparison

	usual []float64 // of each test set, the standard deviation between seeds
}

// New makes a report of runs. Without runs it returns ErrNoRuns.
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

// compare compares two experiments on one test set.
func (r *Report) compare(a, b *Experiment) Comparison { return compare(a, b, r.usual[a.Set]) }

// set is an experiment's test images.
func (r *Report) set(e *Experiment) *TestSet { return r.TestSets[e.Set] }

// of returns the evaluated experiments on a test set, the best first.
func (r *Report) of(set int) (list []*Experiment) {
	for _, e := range r.Experiments {
		if e.Set == set && e.Best.N > 0 {
			list = append(list, e)
		}
	}
	return list
}

// smallestChanges returns, for each test set, a spanning tree of comparisons with the fewest
// changed settings (Kruskal).
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
// standard deviations, since the best of many epochs is partly luck.
func (r *Report) learned(e *Experiment) bool {
	chance := r.set(e).Chance
	return e.Best.N > 0 && (chance == 0 || r.aboveChance(e) > 2)
}

// aboveChance is how far an experiment is above chance, in standard deviations.
func (r *Report) aboveChance(e *Experiment) float64 {
	chance := r.set(e).Chance
	return inDeviations(e.Best.Mean-chance, deviation(Stat{Mean: chance}, Stat{}, e.images(), 1))
}
