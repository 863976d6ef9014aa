package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/run"
)

func sortByProbability(all []run.Prediction) {
	slices.SortStableFunc(all, func(a, b run.Prediction) int { return cmp.Compare(b.Probability, a.Probability) })
}

// tableRow is an experiment's row in the table of results, with a row for each seed below.
type tableRow struct {
	Name  string
	Mark  any // sample of its line in the figures; only in HTML
	Cells []string
	Seeds []seedRow
	Best  bool
}

type seedRow struct {
	Name  string
	Cells []string
}

// table returns the header and the rows of the results.
func (r *Report) table() (head []string, rows []tableRow) {
	head = []string{
		"best test accuracy", "last test accuracy", "balanced accuracy", "test loss", "best epoch", "saturated", "parameters", "multiply-adds",
		"time", "images/s", "status",
	}
	several := len(r.TestSets) > 1
	if several {
		head = append(head, "tested on")
	}
	for i, e := range r.Experiments {
		row := tableRow{Name: e.Name, Mark: mark(e.Index), Cells: r.cells(e), Best: i == 0 && e.Best.N > 0 && len(r.Experiments) > 1}
		for _, run := range e.Runs {
			cells := run.cells()
			if several {
				cells = append(cells, "")
			}
			if len(e.Runs) > 1 {
				row.Seeds = append(row.Seeds, seedRow{fmt.Sprintf("seed %d", run.Summary.Seed), cells})
			}
		}
		rows = append(rows, row)
	}
	return head, rows
}

func (r *Report) cells(e *Experiment) []string {
	s := e.Runs[0].Summary
	cells := []string{
		e.Best.shares(), e.Last.shares(), e.Balanced.shares(), e.Loss.numbers(3), e.epochs(), e.saturated(), inwords.Grouped(int64(s.Parameters)),
		inwords.Short(s.MultiplyAdds), e.took(), e.Speed.numbers(0), e.status(),
	}
	if len(r.TestSets) > 1 {
		cells = append(cells, fmt.Sprintf("%d: %s", e.Set+1, r.set(e).Name))
	}
	return cells
}

func (e *Experiment) epochs() string {
	if e.EpochsToBest.N == 0 {
		return "–"
	}
	last := 0
	for _, r := range e.counted() {
		last = max(last, r.Summary.Last.Epoch)
	}
	digits := 0
	if e.EpochsToBest.N > 1 {
		digits = 1
	}
	return fmt.Sprintf("%s of %d", e.EpochsToBest.numbers(digits), last)
}

func (e *Experiment) took() string {
	if e.Seconds.N == 0 {
		return "–"
	}
	return duration(e.Seconds.Mean)
}

func (e *Experiment) saturated() string {
	yes := 0
	runs := e.counted()
	for _, r := range runs {
		if saturated(r.Summary) {
			yes++
		}
	}
	switch {
	case len(runs) == 0:
		return "–"
	case yes == 0:
		return "no"
	case yes == len(runs):
		return "yes"
	}
	return fmt.Sprintf("%d of %d", yes, len(runs))
}

func (e *Experiment) status() string {
	count := map[string]int{}
	for _, r := range e.Runs {
		count[r.Summary.Status]++
	}
	if len(count) == 1 {
		return e.Runs[0].Summary.Status
	}
	text := ""
	for _, s := range []string{run.Finished, run.Interrupted, run.Failed} {
		if count[s] > 0 {
			text += fmt.Sprintf(", %d %s", count[s], s)
		}
	}
	if text == "" {
		return e.Runs[0].Summary.Status
	}
	return text[2:]
}

// cells returns the cells of one run.
func (r *Run) cells() []string {
	s := r.Summary
	if !r.evaluated() {
		return []string{
			"–", "–", "–", "–", "–", "–", "", "", duration(s.Seconds), strconv.FormatFloat(s.ImagesPerSecond, 'f', 0, 64), s.Status,
		}
	}
	yes := "no"
	if saturated(s) {
		yes = "yes"
	}
	return []string{
		percent(s.Best.Accuracy), percent(s.Last.Accuracy), percent(s.Best.BalancedAccuracy),
		strconv.FormatFloat(s.Best.Loss, 'f', 3, 64), fmt.Sprintf("%d of %d", s.Best.Epoch, s.Last.Epoch), yes, "", "",
		duration(s.Seconds), strconv.FormatFloat(s.ImagesPerSecond, 'f', 0, 64), s.Status,
	}
}

// settingsRow has an experiment's values of the keys that differ.
type settingsRow struct {
	Name   string
	Mark   any
	Values []string
}

// settingsTable has only the keys that are not the same in all experiments.
func (r *Report) settingsTable() (keys []string, rows []settingsRow) {
	keys = r.varied()
	if len(keys) == 0 {
		return nil, nil
	}
	for _, e := range r.Experiments {
		row := settingsRow{Name: e.Name, Mark: mark(e.Index)}
		for _, k := range keys {
			v := "?"
			if c := e.config(); c != nil {
				v = shown(setting(c, k))
			}
			row.Values = append(row.Values, v)
		}
		rows = append(rows, row)
	}
	return keys, rows
}

// notes lists the files and images that could not be read.
func (r *Report) notes() (notes []string) {
	without := []string{}
	for _, e := range r.Experiments {
		for _, run := range e.Runs {
			for _, n := range run.Notes {
				notes = append(notes, e.title(run)+": "+n)
			}
			if run.evaluated() && run.Predictions == nil {
				without = append(without, e.title(run))
			}
			if bad := run.Summary.BadTestImages; bad > 0 {
				notes = append(notes, fmt.Sprintf("%s: %s could not be decoded and %s in no accuracy.", e.title(run), inwords.CountGrouped(bad, "test image"), isAre(bad)))
			}
		}
	}
	if len(without) > 0 {
		notes = append(notes, fmt.Sprintf("The predictions of each test image are not known of %s: they have no %s, and could not be evaluated here. "+
			"They are missing from the classes, confusions and pictures.", some(without, 6), run.PredictionsFile))
	}
	return notes
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
