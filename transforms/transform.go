package transforms

import (
	"fmt"
	"math/rand/v2"
)

// A Transform makes one image from another. Apply leaves img as it was: it
// returns img itself when there is nothing to do, else an image of its own.
// Random transforms draw from r alone; the others accept a nil r.
type Transform interface {
	Apply(img *RGB, r *rand.Rand) *RGB
}

// An editor can also change an image where it lies, which Compose uses on
// images that belong to it.
type editor interface {
	edit(img *RGB, r *rand.Rand)
}

// A Sizer knows the size of the images that Apply returns, whatever it is
// given; 0, 0 if it does not.
type Sizer interface {
	OutputSize() (w, h int)
}

// A Normalizer is a transform that knows the Normalize which its images are meant for; ok
// is false if it does not.
type Normalizer interface {
	Normalization() (n Normalize, ok bool)
}

// NormalizeAfter is the Normalize to use after transforms: given, or theirs where given is
// the zero value and they have one. Two that differ are an error, which wraps ErrNormalize.
func NormalizeAfter(given Normalize, of ...Transform) (Normalize, error) {
	for _, t := range of {
		n, isOne := t.(Normalizer)
		if !isOne {
			continue
		}
		own, ok := n.Normalization()
		switch {
		case !ok || own == given:
		case given == Normalize{}:
			given = own
		default:
			return given, fmt.Errorf("transforms: %w: mean %v std %v, and of the transform mean %v std %v", ErrNormalize, given.Mean, given.Std, own.Mean, own.Std)
		}
	}
	return given, nil
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

// OutputSize is that of the last transform that changes the size, 0, 0 if it
// does not tell.
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

// Normalization is that of the last transform that knows one.
func (c Compose) Normalization() (n Normalize, ok bool) {
	for i := len(c) - 1; i >= 0 && !ok; i-- {
		if t, isOne := c[i].(Normalizer); isOne {
			n, ok = t.Normalization()
		}
	}
	return n, ok
}

// Validate names the step and the field that cannot be used.
func (c Compose) Validate() error {
	for i, t := range c {
		if t == nil {
			return fmt.Errorf("transforms: step %d is nil", i)
		}
		if v, ok := t.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
	}
	return nil
}
