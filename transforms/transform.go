package transforms

import (
	"fmt"
	"math/rand/v2"
)

// A Transform makes one image from another. Apply does not change img: it
// returns img itself if there is nothing to do, else a new image. Random
// transforms draw from r only; the others accept a nil r.
type Transform interface {
	Apply(img *RGB, r *rand.Rand) *RGB
}

// An editor can also change an image in place, which Compose does with the images
// that its steps have made.
type editor interface {
	edit(img *RGB, r *rand.Rand)
}

// A Sizer is a transform that returns images of one size, in pixels; 0, 0 if the size
// depends on the image.
type Sizer interface {
	OutputSize() (w, h int)
}

// A Normalizer is a transform that has the Normalize of its images: a Pipeline, a
// Normalize, or a Compose that holds one of them. ok is false if it has none.
type Normalizer interface {
	Normalization() (n Normalize, ok bool)
}

// NormalizationOf is the Normalize of transforms; ok is false if none of them has one. Two
// that differ are an error that wraps ErrNormalize.
func NormalizationOf(of ...Transform) (n Normalize, ok bool, err error) {
	for _, t := range of {
		from, isOne := t.(Normalizer)
		if !isOne {
			continue
		}
		own, has := from.Normalization()
		switch {
		case !has || ok && own == n:
		case !ok:
			n, ok = own, true
		default:
			return n, ok, fmt.Errorf("transforms: %w: mean %v std %v, and mean %v std %v", ErrNormalize, n.Mean, n.Std, own.Mean, own.Std)
		}
	}
	return n, ok, nil
}

// Compose applies its transforms in order.
type Compose []Transform

var (
	_ Transform  = Compose(nil)
	_ Sizer      = Compose(nil)
	_ Normalizer = Compose(nil)
)

// Apply returns the image after the last transform.
func (c Compose) Apply(img *RGB, r *rand.Rand) *RGB {
	source := img
	for _, t := range c {
		if e, ok := t.(editor); ok && img != source {
			e.edit(img, r)
			continue
		}
		img = t.Apply(img, r)
	}
	return img
}

// OutputSize is that of the last transform that changes the size; 0, 0 if it is not
// known.
func (c Compose) OutputSize() (w, h int) {
	for i := len(c) - 1; i >= 0; i-- {
		if s, ok := c[i].(Sizer); ok {
			return s.OutputSize()
		}
		if _, ok := c[i].(editor); !ok { // editors change no size
			break
		}
	}
	return 0, 0
}

// Normalization is that of the last transform that has one.
func (c Compose) Normalization() (n Normalize, ok bool) {
	for i := len(c) - 1; i >= 0 && !ok; i-- {
		if t, isOne := c[i].(Normalizer); isOne {
			n, ok = t.Normalization()
		}
	}
	return n, ok
}

// Validate names the step and the field that cannot be used. Steps work on 8-bit images, so
// none may follow a Normalize, and two different ones are an error.
func (c Compose) Validate() error {
	for i, t := range c {
		if t == nil {
			return fmt.Errorf("transforms: step %d is nil", i)
		}
		if _, last := t.(Normalize); last && i < len(c)-1 {
			return fmt.Errorf("transforms: step %d is a Normalize, want it last", i)
		}
		if v, ok := t.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
	}
	_, _, err := NormalizationOf(c...)
	return err
}
