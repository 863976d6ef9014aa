package report_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/report"
)

// noImages stands for a data set that is not there.
func noImages(*report.Run) (train, test dataset.Dataset, err error) { return nil, nil, errNoImages }

// named is a set whose images are called as those of made.
type named struct{ dataset.Dataset }

func (n named) Sample(ctx context.Context, i int) (dataset.Sample, error) {
	s, err := n.Dataset.Sample(ctx, i)
	s.Name = fmt.Sprintf("/somewhere/images/cat_%d.jpg", i)
	return s, err
}

// TestPictures has the images of confusions, the hardest ones, and training images in each
// way in which they are changed.
func TestPictures(t *testing.T) {
	half := func(i int) bool { return i%2 == 0 }
	small := func(c *config.Config) { c.Data.Resize, c.Data.Crop = 36, 32 }
	unchanged := func(c *config.Config) { small(c); c.Data.Augment = false }
	runs := []*report.Run{
		made{name: "changed", accuracy: 0.5, epochs: 2, images: 100, wrong: half, change: small}.write(t),
		made{name: "unchanged", accuracy: 0.5, epochs: 2, images: 100, wrong: half, change: unchanged}.write(t),
	}
	drawn := func(*report.Run) (train, test dataset.Dataset, err error) {
		train, test, err = dataset.Drawn{Classes: 10, Images: 10, Test: 10, Size: 80}.Splits()
		return train, named{test}, err
	}
	r, err := report.New(runs, report.Options{Images: drawn})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.WriteHTML(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	checkPage(t, page)
	for _, want := range []string{
		`<section id="shown">`, "data.augment false: resized and cut in the middle", "taken for <b>class 1</b>", "50 % sure",
		"all 2 runs that learned name 50 right, and none of them 50.", "class 0, taken for class 1",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// 2 ways of 8 training images as PNG of 32 pixels; test images of 80 pixels as JPEG:
	// 2 experiments, 5 confusions with 4 pictures each, and 16 hard ones.
	if small, large := strings.Count(page, "data:image/png"), strings.Count(page, "data:image/jpeg"); small != 16 || large != 2*5*4+16 {
		t.Errorf("%d small pictures and %d large ones", small, large)
	}

	// Images that are not those of the predictions are not shown for them.
	r, err = report.New(runs, report.Options{Images: func(*report.Run) (train, test dataset.Dataset, err error) {
		return dataset.Drawn{Classes: 10, Images: 10, Test: 10, Size: 80}.Splits()
	}})
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if err := r.WriteHTML(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "data:image/jpeg"); n != 0 {
		t.Errorf("%d pictures of other images", n)
	}
}
