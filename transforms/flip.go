package transforms

import (
	"fmt"
	"math/rand/v2"
)

// RandomHorizontalFlip mirrors left and right with probability P.
type RandomHorizontalFlip struct{ P float64 }

// Validate names the field that cannot be used.
func (t RandomHorizontalFlip) Validate() error {
	if !(t.P >= 0 && t.P <= 1) {
		return fmt.Errorf("transforms: RandomHorizontalFlip.P = %g, want 0 to 1", t.P)
	}
	return nil
}

// Apply flips or returns img.
func (t RandomHorizontalFlip) Apply(img *RGB, r *rand.Rand) *RGB {
	if r.Float64() >= t.P {
		return img
	}
	out := img.Clone()
	flip(out)
	return out
}

func (t RandomHorizontalFlip) edit(img *RGB, r *rand.Rand) {
	if r.Float64() < t.P {
		flip(img)
	}
}

func flip(img *RGB) {
	for y := range img.H {
		row := img.row(y)
		for i, j := 0, len(row)-3; i < j; i, j = i+3, j-3 {
			a, b := row[i:i+3:i+3], row[j:j+3:j+3]
			a[0], a[1], a[2], b[0], b[1], b[2] = b[0], b[1], b[2], a[0], a[1], a[2]
		}
	}
}
