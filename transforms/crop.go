package transforms

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Box is a rectangle of an image in pixels.
type Box struct{ X, Y, W, H int }

// RandomResizedCrop cuts a random rectangle and resizes it to Size×Size, as
// torchvision's: area Scale of the image, width over height log-uniform in
// Ratio, ten tries, then the largest central crop that keeps the ratio
// (Szegedy et al., "Going deeper with convolutions", 2015).
type RandomResizedCrop struct {
	Size         int
	Scale, Ratio [2]float64
}

// Validate names the field that cannot be used.
func (t RandomResizedCrop) Validate() error {
	switch {
	case t.Size < 1:
		return fmt.Errorf("transforms: RandomResizedCrop.Size = %d, want at least 1", t.Size)
	case !(t.Scale[0] > 0 && t.Scale[0] <= t.Scale[1] && t.Scale[1] <= 1):
		return fmt.Errorf("transforms: RandomResizedCrop.Scale = %v, want 0 < low ≤ high ≤ 1", t.Scale)
	case !(t.Ratio[0] > 0 && t.Ratio[0] <= t.Ratio[1]) || math.IsInf(t.Ratio[1], 0):
		return fmt.Errorf("transforms: RandomResizedCrop.Ratio = %v, want 0 < low ≤ high", t.Ratio)
	}
	return nil
}

// Apply crops and resizes.
func (t RandomResizedCrop) Apply(img *RGB, r *rand.Rand) *RGB {
	return resizeBox(img, t.Box(img.W, img.H, r), t.Size, t.Size)
}

// OutputSize is Size, Size.
func (t RandomResizedCrop) OutputSize() (w, h int) { return t.Size, t.Size }

// Box draws the rectangle for an image of w×h pixels.
func (t RandomResizedCrop) Box(w, h int, r *rand.Rand) Box {
	area := float64(w) * float64(h)
	low, high := math.Log(t.Ratio[0]), math.Log(t.Ratio[1])
	for range 10 {
		target := area * uniform(r, t.Scale)
		ratio := math.Exp(low + (high-low)*r.Float64())
		cw := int(math.RoundToEven(math.Sqrt(target * ratio)))
		ch := int(math.RoundToEven(math.Sqrt(target / ratio)))
		if cw > 0 && cw <= w && ch > 0 && ch <= h {
			y := r.IntN(h - ch + 1)
			return Box{X: r.IntN(w - cw + 1), Y: y, W: cw, H: ch}
		}
	}
	return t.centre(w, h)
}

// centre is the largest central crop with an allowed ratio.
func (t RandomResizedCrop) centre(w, h int) Box {
	cw, ch := w, h
	switch ratio := float64(w) / float64(h); {
	case ratio < t.Ratio[0]:
		ch = int(math.RoundToEven(float64(w) / t.Ratio[0]))
	case ratio > t.Ratio[1]:
		cw = int(math.RoundToEven(float64(h) * t.Ratio[1]))
	}
	cw, ch = max(cw, 1), max(ch, 1)
	return Box{X: (w - cw) / 2, Y: (h - ch) / 2, W: cw, H: ch}
}

// uniform draws from [limits[0], limits[1]).
func uniform(r *rand.Rand, limits [2]float64) float64 {
	return limits[0] + (limits[1]-limits[0])*r.Float64()
}

// CenterCrop cuts the Size×Size rectangle at the centre; an image that is
// smaller gets a black border first. Halves round to even, as torchvision's.
type CenterCrop struct{ Size int }

// Validate names the field that cannot be used.
func (t CenterCrop) Validate() error {
	if t.Size < 1 {
		return fmt.Errorf("transforms: CenterCrop.Size = %d, want at least 1", t.Size)
	}
	return nil
}

// Apply crops.
func (t CenterCrop) Apply(img *RGB, _ *rand.Rand) *RGB {
	if img.W == t.Size && img.H == t.Size {
		return img
	}
	out := NewRGB(t.Size, t.Size)
	sx, dx, w := centred(img.W, t.Size)
	sy, dy, h := centred(img.H, t.Size)
	for y := range h {
		copy(out.row(dy + y)[3*dx:3*(dx+w)], img.row(sy + y)[3*sx:])
	}
	return out
}

// OutputSize is Size, Size.
func (t CenterCrop) OutputSize() (w, h int) { return t.Size, t.Size }

// centred returns, for one side, the first pixel to read, the first to write, and the
// number of pixels.
func centred(have, want int) (source, target, n int) {
	if have < want {
		return 0, (want - have) / 2, have
	}
	return int(math.RoundToEven(float64(have-want) / 2)), 0, want
}
