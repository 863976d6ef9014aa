package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/euryale-ml/euryale/internal/philox"
	"github.com/euryale-ml/euryale/transforms"
)

// BadImage is an image that could not be read.
type BadImage struct {
	Index int    // in the set
	Name  string // a file's path, or the set's name for it
	Err   error
}

type badImages struct {
	sync.Mutex
	found map[int]BadImage
}

func (b *badImages) add(bad BadImage) {
	b.Lock()
	defer b.Unlock()
	if b.found == nil {
		b.found = map[int]BadImage{}
	}
	if _, known := b.found[bad.Index]; !known {
		b.found[bad.Index] = bad
	}
}

// Bad lists the images that could not be read so far, each once, in the set's
// order.
func (l *Loader) Bad() []BadImage {
	l.bad.Lock()
	defer l.bad.Unlock()
	return slices.SortedFunc(maps.Values(l.bad.found), func(a, b BadImage) int { return cmp.Compare(a.Index, b.Index) })
}

// fatalError is an error that ends an epoch, since another image instead does not help.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

func isFatal(err error) bool {
	var f fatalError
	return errors.As(err, &f)
}

// read returns image i before the transform, from the cache if it is there.
func (l *Loader) read(ctx context.Context, i int) (s Sample, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked("Sample of "+l.name(s, i), p)
		}
	}()
	if s, ok := l.cache.get(i); ok {
		return s, nil
	}
	s, err = l.set.Sample(ctx, i)
	switch {
	case err != nil && ctx.Err() != nil:
		return s, fatalError{context.Cause(ctx)}
	case err != nil:
		l.bad.add(BadImage{i, l.name(s, i), err})
		return s, err
	case !hasPixels(s.Image):
		err = fmt.Errorf("%w: it has no pixels", ErrBadImage)
		l.bad.add(BadImage{i, l.name(s, i), err})
		return s, err
	case s.Label < 0 || s.Label >= len(l.set.Classes()):
		return s, fatalError{fmt.Errorf("dataset: %w: label %d of %s is outside the %d classes", ErrList, s.Label, l.name(s, i), len(l.set.Classes()))}
	}
	l.cache.put(i, s)
	return s, nil
}

// hasPixels reports whether an image has as many pixels as its size, and at least one.
func hasPixels(img *transforms.RGB) bool {
	return img != nil && img.W > 0 && img.H > 0 && img.W <= len(img.Pix)/3/img.H
}

// load returns image i after the epoch's transform.
func (l *Loader) load(ctx context.Context, epoch, i int) (s Sample, err error) {
	s, err = l.read(ctx, i)
	if err != nil {
		return s, err
	}
	return l.transform(s, epoch, i)
}

func (l *Loader) transform(s Sample, epoch, i int) (out Sample, err error) {
	if l.config.Transform == nil {
		return s, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = panicked("the transform of "+l.name(s, i), p)
		}
	}()
	r := rand.New(philox.New(l.config.Seed, philox.Stream("augment"), uint64(epoch), uint64(i)))
	out = s
	out.Image = l.config.Transform.Apply(s.Image, r)
	if !hasPixels(out.Image) {
		return out, fatalError{fmt.Errorf("dataset: %w: the transform of %s made no image", transforms.ErrShape, l.name(s, i))}
	}
	return out, nil
}

func (l *Loader) name(s Sample, i int) string {
	if s.Name != "" {
		return s.Name
	}
	return fmt.Sprintf("image %d", i)
}

func unwrapFatal(err error) error {
	var f fatalError
	if errors.As(err, &f) {
		return f.error
	}
	return err
}
