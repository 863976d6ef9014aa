package report_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/report"
	"github.com/euryale-ml/euryale/run"
)

// TestRunsOfOneExperimentHaveTheSameImages checks each run: those that were tested on
// other images are another experiment.
func TestRunsOfOneExperimentHaveTheSameImages(t *testing.T) {
	names := func(folder string) func(*report.Run) {
		return func(r *report.Run) {
			for i := range r.Predictions {
				r.Predictions[i].Image = fmt.Sprintf("%s/%d.jpg", folder, i)
			}
		}
	}
	split := func(hash string) func(*report.Run) {
		return func(r *report.Run) {
			r.Predictions = nil
			r.Split = &run.Split{Parts: []run.SplitPart{{Part: run.TestPart, Images: 20, Hash: hash}}}
		}
	}
	for _, c := range []struct {
		what   string
		change [3]func(*report.Run)
		sets   [][]string
	}{
		{"the same", [3]func(*report.Run){names("cat"), names("cat"), names("cat")}, [][]string{{"a-seed1", "a-seed2", "a-seed3"}}},
		{"the last of others", [3]func(*report.Run){names("cat"), names("cat"), names("dog")}, [][]string{{"a-seed1", "a-seed2"}, {"a-seed3"}}},
		{"the middle", [3]func(*report.Run){names("cat"), names("dog"), names("cat")}, [][]string{{"a-seed1", "a-seed3"}, {"a-seed2"}}},
		{"one of an earlier version", [3]func(*report.Run){names("cat"), func(r *report.Run) {
			for i := range r.Predictions {
				r.Predictions[i].Image = path.Base(fmt.Sprintf("cat/%d.jpg", i))
			}
		}, names("cat")}, [][]string{{"a-seed1", "a-seed2", "a-seed3"}}},
		{"no predictions, but splits", [3]func(*report.Run){split("x"), split("y"), split("x")}, [][]string{{"a-seed1", "a-seed3"}, {"a-seed2"}}},
		{"fewer images", [3]func(*report.Run){func(r *report.Run) {}, func(r *report.Run) { r.Summary.TestImages = 19 }, func(r *report.Run) {}},
			[][]string{{"a-seed1", "a-seed3"}, {"a-seed2"}}},
	} {
		var runs []*report.Run
		for i, change := range c.change {
			r := made{name: "a", seed: uint64(i + 1), images: 20, accuracy: 0.5, epochs: 2, wrong: func(i int) bool { return i%2 == 0 }}.write(t)
			change(r)
			runs = append(runs, r)
		}
		r, err := report.New(runs, report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var sets [][]string
		for _, s := range r.TestSets {
			sets = append(sets, s.Runs)
		}
		if !slices.EqualFunc(sets, c.sets, slices.Equal) || len(r.Experiments) != len(c.sets) {
			t.Errorf("%s: test sets of %v, want %v; %d experiments", c.what, sets, c.sets, len(r.Experiments))
		}
		if text, _ := r.Apart(); len(text) != len(c.sets)-1 || len(text) > 0 && !strings.Contains(text[0], "a-seed") {
			t.Errorf("%s: apart in %q", c.what, text)
		}
	}
}
