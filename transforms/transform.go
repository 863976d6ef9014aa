package transforms

import "math/rand/v2"

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

// Compose applies its transforms in order.
type Compose []Transform

var _ Transform = Compose(nil)

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
