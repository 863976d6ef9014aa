package viz

import (
	"fmt"
	"image"
	"path/filepath"

	"github.com/euryale-ml/euryale/run"
)

// Batch is the input of ShowBatch: the same images in the same order before and
// after augmentation, each with its class.
type Batch struct {
	Before, After []image.Image
	Classes       []string
	// AfterClasses are the captions of After if they differ from Classes, as with mixup,
	// where an image has more than one class; nil: Classes.
	AfterClasses []string
	// Title is that of both pictures, such as the run's name; it may be empty.
	Title string
}

// MaxShown is the most images that ShowBatch draws.
const MaxShown = 64

// ShowBatch writes the batch as two grids with the names of the classes,
// run.BatchBeforeFile and run.BatchAfterFile, into the folder dir and returns their
// paths. Only the first MaxShown images are drawn. No images, an image that is nil or
// empty, or different numbers of images before, after and of classes are errors, and
// then nothing is written.
func ShowBatch(dir string, b Batch) (before, after string, err error) {
	if err := b.check(); err != nil {
		return "", "", fmt.Errorf("viz: %s: %w", dir, err)
	}
	n := len(b.Before)
	shown := min(n, MaxShown)
	paths := [2]string{filepath.Join(dir, run.BatchBeforeFile), filepath.Join(dir, run.BatchAfterFile)}
	for i, images := range [][]image.Image{b.Before, b.After} {
		captions := b.Classes
		if i == 1 && b.AfterClasses != nil {
			captions = b.AfterClasses
		}
		tiles := make([]Tile, shown)
		for j := range tiles {
			tiles[j] = Tile{Image: images[j], Caption: captions[j]}
		}
		what := [2]string{"as decoded", "as the network sees it: augmented, before normalisation"}[i]
		o := GridOptions{
			Title:    [2]string{"A training batch before augmentation", "The same batch after augmentation"}[i],
			Subtitle: fmt.Sprintf("%d of %d images, %s", shown, n, what),
		}
		if b.Title != "" {
			o.Subtitle = b.Title + " · " + o.Subtitle
		}
		if err := WritePNG(paths[i], Grid(tiles, o)); err != nil {
			return "", "", err
		}
	}
	return paths[0], paths[1], nil
}

// check validates the batch.
func (b Batch) check() error {
	n := len(b.Before)
	if n == 0 && len(b.After) == 0 {
		return fmt.Errorf("%w: a batch without images", ErrEmpty)
	}
	if len(b.After) != n || len(b.Classes) != n {
		return fmt.Errorf("%w: %d images before augmentation, %d after, %d classes; want as many of each", ErrMismatch, n, len(b.After), len(b.Classes))
	}
	if b.AfterClasses != nil && len(b.AfterClasses) != n {
		return fmt.Errorf("%w: %d images after augmentation, %d classes for them", ErrMismatch, n, len(b.AfterClasses))
	}
	for i := range n {
		if !hasPixels(b.Before[i]) {
			return fmt.Errorf("%w: image %d before augmentation has no pixels", ErrEmpty, i)
		}
		if !hasPixels(b.After[i]) {
			return fmt.Errorf("%w: image %d after augmentation has no pixels", ErrEmpty, i)
		}
	}
	return nil
}

func hasPixels(img image.Image) bool { return img != nil && !img.Bounds().Empty() }
