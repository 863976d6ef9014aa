package report

import (
	"html/template"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/trainer"
)

// shownView is what a network was shown of some training images.
type shownView struct {
	Names    string // the experiments that change their images like this
	Changes  string // the settings that do it
	Pictures []pictureView
}

// Bounds of the pictures of training images.
const (
	shownImages = 8
	mostShown   = 8 // ways of changing images
)

// shown has the same training images for each way in which the experiments change them;
// nil where all do the same, or the images are not there.
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

// changesOfImages names the keys' values, of which none count without augmentation.
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

// training are the first images of the first epoch, of one seed for all runs, as the
// network is shown them.
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
