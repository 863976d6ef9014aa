package transforms

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// RandomErasing sets a random rectangle of a normalised image to Value with probability
// P, as torchvision's RandomErasing: area Scale of the image, height over width
// log-uniform in Ratio, ten tries, then the image stays (Zhong et al., "Random erasing data
// augmentation", AAAI 2020). DefaultErasing has torchvision's values. timm's default
// differs: there the area goes to 1/3 and the ratio from 0.3 to 1/0.3.
//
// It comes after Normalize, so Value 0 is the colour of Normalize's mean. The zero value
// never erases.
type RandomErasing struct {
	P            float64    // probability, 0 to 1
	Scale, Ratio [2]float64 // low, high
	Value        float32    // of all channels
}

// DefaultErasing erases with probability p and torchvision's defaults: Scale 0.02 to
// 0.33, Ratio 0.3 to 3.3, Value 0.
func DefaultErasing(p float64) RandomErasing {
	return RandomErasing{P: p, Scale: [2]float64{0.02, 0.33}, Ratio: [2]float64{0.3, 3.3}}
}

// Validate names the field that cannot be used. With P 0 the others may hold anything.
func (t RandomErasing) Validate() error {
	switch {
	case !(t.P >= 0 && t.P <= 1):
		return fmt.Errorf("transforms: RandomErasing.P = %g, want 0 to 1", t.P)
	case t.P == 0:
	case !(t.Scale[0] >= 0 && t.Scale[0] <= t.Scale[1] && t.Scale[1] <= 1):
		return fmt.Errorf("transforms: RandomErasing.Scale = %v, want 0 ≤ low ≤ high ≤ 1", t.Scale)
	case !(t.Ratio[0] > 0 && t.Ratio[0] <= t.Ratio[1]) || math.IsInf(t.Ratio[1], 0):
		return fmt.Errorf("transforms: RandomErasing.Ratio = %v, want 0 < low ≤ high", t.Ratio)
	}
	return nil
}

// Erase changes the image of planes [C, h, w] in place, and returns the rectangle, which is
// empty if the image is unchanged.
func (t RandomErasing) Erase(planes []float32, w, h int, r *rand.Rand) Box {
	if t.P == 0 || r.Float64() >= t.P {
		return Box{}
	}
	b := t.Box(w, h, r)
	if b.W == 0 || b.H == 0 {
		return Box{}
	}
	for start := 0; start+w*h <= len(planes); start += w * h {
		for y := b.Y; y < b.Y+b.H; y++ {
			row := planes[start+y*w+b.X:][:b.W]
			for x := range row {
				row[x] = t.Value
			}
		}
	}
	return b
}

// Box draws the rectangle for an image of w×h pixels; empty if none of ten tries fits.
func (t RandomErasing) Box(w, h int, r *rand.Rand) Box {
	area := float64(w) * float64(h)
	low, high := math.Log(t.Ratio[0]), math.Log(t.Ratio[1])
	for range 10 {
		target := area * uniform(r, t.Scale)
		ratio := math.Exp(low + (high-low)*r.Float64())
		eh := int(math.RoundToEven(math.Sqrt(target * ratio)))
		ew := int(math.RoundToEven(math.Sqrt(target / ratio)))
		if eh < h && ew < w {
			y := r.IntN(h - eh + 1)
			return Box{X: r.IntN(w - ew + 1), Y: y, W: ew, H: eh}
		}
	}
	return Box{}
}
