package report

import (
	"html/template"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/trainer"
)

// shownView is some training images after augmentation.
type shownView struct {
	Names    string // the experiments with this augmentation
	Changes  string // its settings
	Pictures []pictureView
}

// Bounds of the pictures of training images.
const (
	shownImages = 8
	mostShown   = 8 // kinds of augmentation
)

// shown returns the same training images for each kind of augmentation among the
// experiments; nil if all have the same, or the images are not available.
func (r *Report) shown(set int, a *album) (views []shownView) {
	var keys []string
	for _, k := range r.varied() {
		if strings.HasPrefix(k, "augment.") || k == "data.augment" {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	var seen []string
	var names [][]string
	for _, e := range r.Experiments {
		c := e.config()
		if e.Set != set || c == nil {
			continue
		}
		what := changesOfImages(c, keys)
		i := slices.Index(seen, what)
		if i < 0 {
			i = len(seen)
			seen, names = append(seen, what), append(names, nil)
			views = append(views, shownView{Changes: what, Pictures: a.training(e.Runs[0])})
		}
		names[i] = append(names[i], e.Name)
	}
	if len(seen) < 2 || len(seen) > mostShown {
		return nil
	}
	for i := range views {
		if views[i].Pictures == nil {
			return nil
		}
		views[i].Names = some(names[i], 6)
	}
	return views
}

// changesOfImages lists the values of the keys, which have no effect without augmentation.
func changesOfImages(c *config.Config, keys []string) string {
	if !c.Data.Augment {
		return "data.augment false: resized and cut in the middle, as test images are"
	}
	var words []string
	for _, k := range keys {
		if k != "data.augment" {
			words = append(words, k+" "+shown(setting(c, k)))
		}
	}
	return list(words)
}

// training returns the first images of the first epoch after augmentation, with one seed for
// all runs.
func (a *album) training(r *Run) (views []pictureView) {
	train, _, err := a.open(r)
	if err != nil {
		a.err = err
		return nil
	}
	l, err := dataset.NewLoader(train, dataset.LoaderConfig{
		Batch: shownImages, Workers: 1, Shuffle: true, Train: true, Seed: 1, Transform: trainer.TrainTransform(*r.Config),
	})
	if err != nil {
		return nil
	}
	pairs, err := l.Preview(a.ctx, 1, shownImages)
	if err != nil {
		return nil
	}
	for _, p := range pairs {
		src, err := dataAddress(p.After)
		if err != nil || a.bytes > pictureBytes {
			return nil
		}
		a.bytes += len(src)
		views = append(views, pictureView{template.URL(src), r.class(p.Label), strings.HasPrefix(src, "data:image/png")})
	}
	return views
}
