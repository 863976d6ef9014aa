package dataset

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/euryale-ml/euryale/transforms"
)

// LoaderConfig is the configuration of a Loader.
type LoaderConfig struct {
	// Batch is the number of images in a batch, at least 1.
	Batch int
	// Workers is the number of goroutines that decode and augment; 0: one a
	// core. The batches do not depend on it.
	Workers int
	// Shuffle draws a new order of the images for each epoch; otherwise it is the set's.
	Shuffle bool
	// DropLast leaves out the last batch of an epoch if it is short.
	DropLast bool
	// Train is for training: an image that cannot be read is replaced by the next
	// readable one in the epoch's order, and each rank has the same number of images.
	// Otherwise such images are left out, and the ranks share the set without
	// repetition.
	Train bool
	// StopOnBad ends the epoch with ErrBadImage at an image that cannot be read.
	StopOnBad bool
	// Seed of the order and of the random transforms.
	Seed uint64
	// Rank of Size processes takes every Size-th image from Rank on; Size 0
	// means 1.
	Rank, Size int
	// Transform is applied to each image; nil: none. All results must have one size, as
	// those of transforms.Train and transforms.Test. Its Normalize, if it is a
	// transforms.Normalizer, turns the result into float32; without one, values are v/255.
	Transform transforms.Transform
	// Erase erases a rectangle of an image after Normalize; P 0: off. Random numbers are
	// keyed like those of Transform.
	Erase transforms.RandomErasing
	// Mixup is α of mixup, which needs Train; 0: off. A batch then holds, for one λ of
	// Beta(α, α) drawn for it, λ·image + (1−λ)·the image before it, the last one for the
	// first, as torchvision's v2.MixUp (timm's takes the batch in reverse). Batch has the
	// labels of both. A batch of one image stays as it is. Zhang et al., "mixup: Beyond
	// empirical risk minimization", ICLR 2018.
	Mixup float64
	// CacheBytes bounds the memory for decoded images, before Transform, that are kept
	// from epoch to epoch; 0: none are kept.
	CacheBytes int64
}

// validate names the field that cannot be used for a set of n images.
func (c LoaderConfig) validate(n int) error {
	var why string
	switch {
	case c.Batch < 1:
		why = fmt.Sprintf("LoaderConfig.Batch = %d, want at least 1", c.Batch)
	case c.Workers < 0:
		why = fmt.Sprintf("LoaderConfig.Workers = %d, want 0 for all cores, or more", c.Workers)
	case c.Size < 0:
		why = fmt.Sprintf("LoaderConfig.Size = %d, want 0 for one process, or more", c.Size)
	case c.Rank < 0 || c.Rank >= max(c.Size, 1):
		why = fmt.Sprintf("LoaderConfig.Rank = %d, want 0 to %d", c.Rank, max(c.Size, 1)-1)
	case c.CacheBytes < 0:
		why = fmt.Sprintf("LoaderConfig.CacheBytes = %d, want 0 for no cache, or more", c.CacheBytes)
	case !(c.Mixup >= 0) || math.IsInf(c.Mixup, 1):
		why = fmt.Sprintf("LoaderConfig.Mixup = %g, want 0 for no mixup, or more", c.Mixup)
	case c.Mixup > 0 && !c.Train:
		why = fmt.Sprintf("LoaderConfig.Mixup = %g is for training: want Train with it", c.Mixup)
	case n < 1:
		why = "the set holds no image"
	case n < c.Size && !c.Train:
		why = fmt.Sprintf("LoaderConfig.Size = %d processes share %d images", c.Size, n)
	default:
		return nil
	}
	return fmt.Errorf("dataset: %w: %s", ErrConfig, why)
}

// Loader makes batches of a set's images, decoding and augmenting on all cores
// ahead of the loop that uses them. Batches depend on the set, the configuration
// and the epoch alone: random numbers are keyed by the seed, the epoch and the
// image's index in the set, mixup's by the batch's place in the epoch. It is safe
// for concurrent use.
type Loader struct {
	set    Dataset
	n      int // the set's length
	config LoaderConfig
	// normalize turns the transformed images into float32.
	normalize transforms.Normalize

	cache *cache
	bad   badImages
	spare sparePool

	shape struct {
		sync.Mutex
		w, h int // 0 until known
	}
}

// NewLoader checks the configuration and returns a loader. It reads no image.
// Errors wrap ErrConfig and name the option, or ErrPanic.
func NewLoader(set Dataset, c LoaderConfig) (*Loader, error) {
	if set == nil {
		return nil, fmt.Errorf("dataset: %w: no set", ErrConfig)
	}
	n, err := length(set)
	if err != nil {
		return nil, err
	}
	if err := c.validate(n); err != nil {
		return nil, err
	}
	if c.Size == 0 {
		c.Size = 1
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	normalize, ok, err := transforms.NormalizationOf(c.Transform)
	if err == nil && ok {
		err = normalize.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("dataset: %w: LoaderConfig.Transform: %w", ErrConfig, err)
	}
	if !ok {
		normalize = transforms.Normalize{Std: [3]float64{1, 1, 1}}
	}
	if v, ok := c.Transform.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return nil, fmt.Errorf("dataset: %w: LoaderConfig.Transform: %w", ErrConfig, err)
		}
	}
	if err := c.Erase.Validate(); err != nil {
		return nil, fmt.Errorf("dataset: %w: LoaderConfig.Erase: %w", ErrConfig, err)
	}
	l := &Loader{set: set, n: n, config: c, normalize: normalize, cache: newCache(c.CacheBytes)}
	if l.Steps() == 0 {
		return nil, fmt.Errorf("dataset: %w: LoaderConfig.Batch = %d is more than the %d images of an epoch, and DropLast leaves none",
			ErrConfig, c.Batch, l.share())
	}
	return l, nil
}

// length is the length of a set, read once, so that all epochs of a Loader have the same
// images.
func length(set Dataset) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = unwrapFatal(panicked("Len of the set", p))
		}
	}()
	return set.Len(), nil
}

// Steps is the number of batches in an epoch.
func (l *Loader) Steps() int {
	if l.config.DropLast {
		return l.share() / l.config.Batch
	}
	return (l.share() + l.config.Batch - 1) / l.config.Batch
}

// ShortBatch is the number of images in the last batch of an epoch if that is
// fewer than LoaderConfig.Batch, else 0.
func (l *Loader) ShortBatch() int {
	if l.config.DropLast {
		return 0
	}
	return l.share() % l.config.Batch
}

// Len is the number of images in an epoch, with those that cannot be read and
// those that DropLast leaves out.
func (l *Loader) Len() int { return l.share() }

// Classes are the names of the set's classes in order of their labels.
func (l *Loader) Classes() []string { return l.set.Classes() }

// ImageSize is the size of the batches' images in pixels. If Transform is no
// transforms.Sizer that knows it, the first readable image of the set is read for
// it. Errors are the cause of a cancelled context, or wrap ErrBadImage, ErrPanic or
// transforms.ErrShape; after an error the next call tries again.
func (l *Loader) ImageSize(ctx context.Context) (w, h int, err error) {
	l.shape.Lock()
	defer l.shape.Unlock()
	if l.shape.w > 0 {
		return l.shape.w, l.shape.h, nil
	}
	w, h, err = l.transformSize()
	if err == nil && (w < 1 || h < 1) {
		w, h, err = l.firstSize(ctx)
	}
	if err == nil && w > transforms.MaxPixels/h {
		err = fmt.Errorf("dataset: %w: images of %d×%d pixels, more than %d", transforms.ErrShape, w, h, transforms.MaxPixels)
	}
	if err != nil {
		return 0, 0, unwrapFatal(err)
	}
	l.shape.w, l.shape.h = w, h
	return w, h, nil
}

// transformSize is the OutputSize of Transform; 0 if it has none.
func (l *Loader) transformSize() (w, h int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked("OutputSize of the transform", p)
		}
	}()
	if t, ok := l.config.Transform.(transforms.Sizer); ok {
		w, h = t.OutputSize()
	}
	return w, h, nil
}

// firstSize is the size of the first readable image after Transform.
func (l *Loader) firstSize(ctx context.Context) (w, h int, err error) {
	for i := range l.n {
		one, err := l.load(ctx, 1, i)
		switch {
		case ctx.Err() != nil:
			return 0, 0, context.Cause(ctx)
		case isFatal(err):
			return 0, 0, err
		case err == nil:
			return one.Image.W, one.Image.H, nil
		}
	}
	return 0, 0, fmt.Errorf("dataset: %w: none of the set's %d images can be read", ErrBadImage, l.n)
}
