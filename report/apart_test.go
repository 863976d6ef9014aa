package report_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/registry"
	"github.com/euryale-ml/euryale/report"
	"github.com/euryale-ml/euryale/run"
)

// init registers a set of a user's own whose test images depend on a setting of its own.
func init() {
	err := dataset.RegisterSet("yearly", dataset.Set{
		Open: func(context.Context, dataset.Options) (train, test dataset.Dataset, err error) {
			return nil, nil, errors.New("no images")
		},
		TestKeys: []string{"yearly.year"},
	}, registry.Settings(struct {
		Year int `yaml:"year" help:"of the images"`
	}{2000}))
	if err != nil {
		panic(err)
	}
}

// TestApart reads in what test sets differ.
func TestApart(t *testing.T) {
	right := func(int) bool { return false }
	classes := func(n int) (names []string) {
		for i := range n {
			names = append(names, string(rune('a'+i)))
		}
		return names
	}
	ten := classes(10)
	renamed := append(classes(9), "zebra")
	relabel := func(c *config.Config) { c.Data.Relabel = true }
	drawn := func(classes, size int) func(c *config.Config) {
		return func(c *config.Config) { c.Data.Set, c.Data.DrawnClasses, c.Data.Resize = "drawn", classes, size }
	}
	yearly := func(year int) func(c *config.Config) {
		return func(c *config.Config) {
			c.Data.Set = "yearly"
			if err := c.Set("data.yearly.year", strconv.Itoa(year)); err != nil {
				t.Fatal(err)
			}
		}
	}
	later := func(all []run.Prediction) {
		for i := range all {
			all[i].Label = (all[i].Label + 1) % 10
		}
	}
	for _, c := range []struct {
		name   string
		a, b   made
		of     [2][]string // names of the outputs
		change func(b []run.Prediction)
		images bool
		want   []string
	}{
		{"the same", made{images: 20, wrong: right}, made{images: 20, wrong: right}, [2][]string{ten, ten}, nil, false, nil},
		{"outputs", made{images: 20, wrong: right}, made{images: 20, wrong: right, change: relabel}, [2][]string{classes(20), ten}, nil, false,
			[]string{"a and b: 20 outputs in a, 10 in b", `data.relabel is "false" and "true"`}},
		{"outputs without predictions", made{images: 20}, made{images: 20, change: relabel}, [2][]string{classes(20), ten}, nil, false,
			[]string{"20 outputs in a, 10 in b"}},
		{"names", made{images: 20, wrong: right}, made{images: 20, wrong: right, change: relabel}, [2][]string{ten, renamed}, nil, false,
			[]string{"1 output with other names (9: j and zebra)"}},
		{"fewer", made{images: 25, wrong: right}, made{images: 20, wrong: right}, [2][]string{ten, ten}, nil, true,
			[]string{"5 images only in a (cat_20.jpg, cat_21.jpg, cat_22.jpg and 2 more)"}},
		{"labels", made{images: 20, wrong: right}, made{images: 20, wrong: right}, [2][]string{ten, ten}, later, false,
			[]string{"20 images in other classes (cat_0.jpg: a and b, "}},
		{"drawn", made{images: 20, change: drawn(4, 32)}, made{images: 20, change: drawn(4, 64)}, [2][]string{}, nil, true,
			[]string{`data.resize is "32" and "64"`}},
		{"a user's own set", made{images: 20, change: yearly(2001)}, made{images: 20, change: yearly(2002)}, [2][]string{}, nil, true,
			[]string{`data.yearly.year is "2001" and "2002"`}},
		{"number", made{images: 20}, made{images: 21, change: relabel}, [2][]string{}, nil, true, []string{"20 and 21 test images"}},
		{"no settings", made{images: 20, bare: true}, made{images: 20}, [2][]string{}, nil, true, []string{"it is unknown whether they are the same"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.a.name, c.b.name = "a", "b"
			c.a.accuracy, c.b.accuracy, c.a.epochs, c.b.epochs = 0.5, 0.6, 2, 2
			a, b := c.a.write(t), c.b.write(t)
			a.Classes, b.Classes = c.of[0], c.of[1]
			if c.change != nil {
				c.change(b.Predictions)
			}
			r, err := report.New([]*report.Run{a, b}, report.Options{})
			if err != nil {
				t.Fatal(err)
			}
			texts, images := r.Apart()
			if c.want == nil {
				if texts != nil {
					t.Errorf("apart: %q", texts)
				}
				return
			}
			text := strings.ReplaceAll(strings.Join(texts, "\n"), "b and a: ", "a and b: ")
			wants(t, text, c.want...)
			if images != c.images {
				t.Errorf("images differ: %v, want %v (%s)", images, c.images, text)
			}
		})
	}
}
