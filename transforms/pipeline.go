package transforms

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

var (
	// ErrShape: the image of a pipeline does not have the size W×H.
	ErrShape = errors.New("image of the wrong size")
	// ErrNormalize: two transforms of the same images have a different Normalize.
	ErrNormalize = errors.New("two different Normalize")
)

// Pipeline makes a network's input from a decoded image: Steps on 8-bit images,
// which must return W×H pixels, then Normalize.
//
// Its Apply makes the steps only; dataset.Loader applies the Normalize after them.
type Pipeline struct {
	Steps     Compose
	W, H      int
	Normalize Normalize
}

var (
	_ Transform  = Pipeline{}
	_ Sizer      = Pipeline{}
	_ Normalizer = Pipeline{}
)

// Apply returns the image after the steps, before Normalize.
func (p Pipeline) Apply(img *RGB, r *rand.Rand) *RGB { return p.Steps.Apply(img, r) }

// OutputSize is W, H.
func (p Pipeline) OutputSize() (w, h int) { return p.W, p.H }

// Normalization is Normalize.
func (p Pipeline) Normalization() (Normalize, bool) { return p.Normalize, true }

// Augment holds the ranges of the training transforms. DefaultAugment has the
// recipes' values.
type Augment struct {
	CropScale  [2]float64 // share of the image's area, default 0.08 to 1
	CropRatio  [2]float64 // width over height of the crop, default 3/4 to 4/3
	Flip       float64    // probability of a horizontal flip, default 0.5
	Brightness [2]float64 // factor, default 0.6 to 1.4
	Saturation [2]float64 // factor, default 0.6 to 1.4
	HueScale   [2]float64 // factor, default 0.6 to 1.4
	Contrast   [2]float64 // factor, default 1 to 1: off
	HueShift   [2]float64 // in turns, default 0 to 0: off
}

// DefaultAugment returns the ranges of the recipes.
func DefaultAugment() Augment {
	factor := [2]float64{0.6, 1.4}
	return Augment{
		CropScale: [2]float64{0.08, 1}, CropRatio: [2]float64{3. / 4, 4. / 3}, Flip: 0.5,
		Brightness: factor, Saturation: factor, HueScale: factor, Contrast: [2]float64{1, 1},
	}
}

// Validate names the field that cannot be used.
func (a Augment) Validate() error {
	crop := RandomResizedCrop{Size: 1, Scale: a.CropScale, Ratio: a.CropRatio}
	if err := crop.Validate(); err != nil {
		return err
	}
	if !(a.Flip >= 0 && a.Flip <= 1) {
		return fmt.Errorf("transforms: Augment.Flip = %g, want 0 to 1", a.Flip)
	}
	return a.jitter().Validate()
}

func (a Augment) jitter() ColorJitter {
	return ColorJitter{Brightness: a.Brightness, Contrast: a.Contrast, Saturation: a.Saturation, HueScale: a.HueScale, HueShift: a.HueShift}
}

// Train is the training pipeline: RandomResizedCrop to size×size,
// RandomHorizontalFlip, ColorJitter, Normalize.
func Train(size int, a Augment, n Normalize) Pipeline {
	steps := Compose{RandomResizedCrop{Size: size, Scale: a.CropScale, Ratio: a.CropRatio}, RandomHorizontalFlip{P: a.Flip}, a.jitter()}
	return Pipeline{Steps: steps, W: size, H: size, Normalize: n}
}

// Test is the testing pipeline: Resize of the short side, CenterCrop,
// Normalize.
func Test(resize, crop int, n Normalize) Pipeline {
	return Pipeline{Steps: Compose{Resize{Size: resize}, CenterCrop{Size: crop}}, W: crop, H: crop, Normalize: n}
}

// Validate names the field that cannot be used.
func (p Pipeline) Validate() error {
	if p.W < 1 || p.H < 1 {
		return fmt.Errorf("transforms: Pipeline.W, H = %d, %d, want at least 1", p.W, p.H)
	}
	if err := p.Steps.Validate(); err != nil {
		return err
	}
	return p.Normalize.Validate()
}

// Len is the number of values of one image: 3·H·W.
func (p Pipeline) Len() int { return 3 * p.W * p.H }

// Image is Apply with a check of the size: an error that wraps ErrShape.
func (p Pipeline) Image(img *RGB, r *rand.Rand) (*RGB, error) {
	if img == nil || img.W < 1 || img.H < 1 || len(img.Pix) < 3*img.W*img.H {
		return nil, fmt.Errorf("transforms: %w: no pixels", ErrShape)
	}
	out := p.Steps.Apply(img, r)
	if out == nil || out.W != p.W || out.H != p.H {
		return nil, fmt.Errorf("transforms: %w: the steps made %s, want %d×%d", ErrShape, size(out), p.W, p.H)
	}
	return out, nil
}

// Tensor writes the image that Image returns into dst as planes [3, H, W],
// normalised.
func (p Pipeline) Tensor(dst []float32, img *RGB, r *rand.Rand) error {
	out, err := p.Image(img, r)
	if err != nil {
		return err
	}
	if len(dst) < p.Len() {
		return fmt.Errorf("transforms: %w: room for %d values, want %d", ErrShape, len(dst), p.Len())
	}
	p.Normalize.Tensor(dst, out)
	return nil
}

func size(img *RGB) string {
	if img == nil {
		return "no image"
	}
	return fmt.Sprintf("%d×%d", img.W, img.H)
}
