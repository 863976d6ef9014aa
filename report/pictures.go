package report

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	xdraw "golang.org/x/image/draw"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// Bounds of the pictures in a page.
const (
	pictureSide  = 112     // pixels of the longer side
	pictureBytes = 2 << 20 // of all together
)

// album makes the small pictures of test images.
type album struct {
	ctx   context.Context
	open  func(r *Run) (train, test dataset.Dataset, err error)
	sets  map[*Run]dataset.Dataset
	made  map[string]string
	bytes int
	err   error // why there are no pictures
}

func (r *Report) newAlbum(ctx context.Context) *album {
	a := &album{ctx: ctx, open: r.Images, sets: map[*Run]dataset.Dataset{}, made: map[string]string{}}
	if a.open == nil {
		a.open = openImages(ctx)
	}
	return a
}

// openImages opens the data set of a run's configuration, without downloading.
func openImages(ctx context.Context) func(r *Run) (train, test dataset.Dataset, err error) {
	return func(r *Run) (train, test dataset.Dataset, err error) {
		if r.Config == nil {
			return nil, nil, fmt.Errorf("report: %s: %w: no %s", r.base(), ErrNoRun, run.ConfigFile)
		}
		c := *r.Config
		c.Data.Download = false
		return trainer.OpenData(ctx, c)
	}
}

// picture returns a test image of a run as a data URL, "" if it is not available.
func (a *album) picture(r *Run, p run.Prediction) string {
	set, known := a.sets[r]
	if !known {
		var err error
		if _, set, err = a.open(r); err != nil {
			set, a.err = nil, err
		}
		a.sets[r] = set
	}
	if set == nil || p.Index >= set.Len() || a.bytes > pictureBytes {
		return ""
	}
	key := fmt.Sprintf("%s %d %s", r.testKey(), p.Index, p.Image)
	if r.redrawn() {
		key += fmt.Sprintf(" %d", r.Config.Seed)
	}
	if made, ok := a.made[key]; ok {
		a.bytes += len(made) // each use is in the page
		return made
	}
	s, err := set.Sample(a.ctx, p.Index)
	if err != nil || s.Image == nil || s.Label != p.Label || p.Image != "" && s.Name != "" && !p.Is(s.Name) {
		return ""
	}
	text, err := dataAddress(s.Image)
	if err != nil {
		return ""
	}
	a.bytes += len(text)
	a.made[key] = text
	return text
}

// dataAddress returns an image as a data URL: small ones unchanged as PNG, others reduced as
// JPEG.
func dataAddress(img image.Image) (string, error) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w < 1 || h < 1 {
		return "", image.ErrFormat
	}
	var out bytes.Buffer
	if max(w, h) <= pictureSide/2 {
		if err := png.Encode(&out, img); err != nil {
			return "", err
		}
		return "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes()), nil
	}
	scale := min(1, float64(pictureSide)/float64(max(w, h)))
	small := image.NewRGBA(image.Rect(0, 0, max(1, int(float64(w)*scale+0.5)), max(1, int(float64(h)*scale+0.5))))
	xdraw.CatmullRom.Scale(small, small.Rect, img, b, xdraw.Src, nil)
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 80}); err != nil {
		return "", err
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(out.Bytes()), nil
}
