package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
)

// Experiment is a group of runs that differ only in their seed, on the same test images: a
// row of the tables, a colour of the figures.
type Experiment struct {
	Name string
	// Runs has one run a seed, in order of the seeds.
	Runs []*Run
	// Set is the index of its test images in Report.TestSets.
	Set int
	// Index is its position in Report.Experiments.
	Index int
	// Best, Last: accuracy of the best and the last epoch; Balanced and Loss are of the
	// best epoch. They are statistics over the finished runs or, if none is finished, all
	// evaluated ones. N is 0 if none was evaluated.
	Best, Last, Balanced, Loss, EpochsToBest, Seconds, Speed Stat
}

// distinguishes reports whether runs that differ in a key are of different experiments.
// data.root is such a key: another folder may hold another data set.
func distinguishes(key string) bool {
	return key == "data.root" || key != "name" && key != "seed" && config.ChangesOutcome(key)
}

// setting is a key's value as a report shows it: paths without the machine's folders.
func setting(c *config.Config, key string) string {
	v, err := c.Get(key)
	if err != nil {
		return ""
	}
	switch key {
	case "data.root", "data.train_list", "data.test_list", "model.weights":
		if v != "" {
			v = filepath.Base(filepath.Clean(v))
		}
		if key == "data.root" && v == filepath.Base(c.Data.Set) {
			v = "" // the default place
		}
	}
	return v
}

// settings returns the relevant keys with their values.
func settings(c *config.Config) map[string]string {
	m := map[string]string{}
	if c == nil {
		return m
	}
	for _, k := range config.Keys() {
		if distinguishes(k.Path) {
			m[k.Path] = setting(c, k.Path)
		}
	}
	return m
}

// identity is equal for runs of one experiment.
func (r *Run) identity() string {
	if r.Config == nil {
		return "folder " + r.Folder
	}
	var b strings.Builder
	b.WriteString(r.Summary.Name)
	m := settings(r.Config)
	for _, k := range config.Keys() {
		fmt.Fprintf(&b, "\x00%s", m[k.Path])
	}
	return b.String()
}

// experiments groups runs that differ only in their seed and have the same test images. Two
// runs with the same seed are two experiments, since they do not measure the effect of a
// seed.
func experiments(runs []*Run) []*Experiment {
	var list []*Experiment
	find := func(r *Run) *Experiment {
		for _, e := range list {
			sameSeed := func(o *Run) bool { return o.Summary.Seed == r.Summary.Seed }
			if e.Runs[0].identity() == r.identity() && sameImages(e.Runs[0], r) && !slices.ContainsFunc(e.Runs, sameSeed) {
				return e
			}
		}
		return nil
	}
	for _, r := range runs {
		if e := find(r); e != nil {
			e.Runs = append(e.Runs, r)
			continue
		}
		list = append(list, &Experiment{Name: cmp.Or(r.Summary.Name, r.base()), Runs: []*Run{r}})
	}
	nameApart(list)
	for _, e := range list {
		slices.SortStableFunc(e.Runs, func(a, b *Run) int { return cmp.Compare(a.Summary.Seed, b.Summary.Seed) })
		e.measure()
	}
	return list
}

// nameApart renames experiments with equal names by their folders.
func nameApart(list []*Experiment) {
	count := map[string]int{}
	for _, e := range list {
		count[e.Name]++
	}
	taken := map[string]int{}
	for _, e := range list {
		if count[e.Name] > 1 {
			e.Name = e.Runs[0].base()
		}
		if taken[e.Name]++; taken[e.Name] > 1 {
			e.Name = fmt.Sprintf("%s (%d)", e.Name, taken[e.Name])
		}
	}
}

// counted returns the runs over which the experiment's statistics are computed.
func (e *Experiment) counted() (runs []*Run) {
	for _, r := range e.Runs {
		if r.evaluated() && r.finished() {
			runs = append(runs, r)
		}
	}
	if len(runs) > 0 {
		return runs
	}
	for _, r := range e.Runs {
		if r.evaluated() {
			runs = append(runs, r)
		}
	}
	return runs
}

func (e *Experiment) measure() {
	runs := e.counted()
	of := func(value func(r *Run) float64) Stat {
		var values []float64
		for _, r := range runs {
			values = append(values, value(r))
		}
		return newStat(values)
	}
	e.Best = of(func(r *Run) float64 { return r.Summary.Best.Accuracy })
	e.Last = of(func(r *Run) float64 { return r.Summary.Last.Accuracy })
	e.Balanced = of(func(r *Run) float64 { return r.Summary.Best.BalancedAccuracy })
	e.Loss = of(func(r *Run) float64 { return r.Summary.Best.Loss })
	e.EpochsToBest = of(func(r *Run) float64 { return float64(r.Summary.Best.Epoch) })
	if len(runs) == 0 {
		runs = e.Runs
	}
	e.Seconds = of(func(r *Run) float64 { return r.Summary.Seconds })
	e.Speed = of(func(r *Run) float64 { return r.Summary.ImagesPerSecond })
}

// leader returns the run with the best accuracy, nil if none was evaluated.
func (e *Experiment) leader() *Run {
	var best *Run
	for _, r := range e.counted() {
		if best == nil || r.Summary.Best.Accuracy > best.Summary.Best.Accuracy {
			best = r
		}
	}
	return best
}

// images is the number of test images of the accuracy.
func (e *Experiment) images() int {
	r := e.Runs[0]
	if l := e.leader(); l != nil {
		r = l
	}
	return max(1, r.Summary.TestImages-r.Summary.BadTestImages)
}

// config returns the configuration of the experiment, nil if unknown.
func (e *Experiment) config() *config.Config { return e.Runs[0].Config }

// changes lists the keys in which two experiments differ.
func changes(a, b *Experiment) []config.Difference {
	if a.config() == nil || b.config() == nil {
		return nil
	}
	x, y := settings(a.config()), settings(b.config())
	var list []config.Difference
	for _, k := range config.Keys() {
		if x[k.Path] != y[k.Path] {
			list = append(list, config.Difference{Key: k.Path, A: x[k.Path], B: y[k.Path]})
		}
	}
	return list
}
