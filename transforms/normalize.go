package transforms

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Normalize turns 8-bit channels into float32: (v/255 − Mean)/Std, channel by
// channel in the order red, green, blue.
//
// As the last step of a Compose it is the normalisation of the images after all steps; its
// Apply returns the 8-bit image unchanged.
type Normalize struct {
	Mean, Std [3]float64
}

var (
	_ Transform  = Normalize{}
	_ Normalizer = Normalize{}
)

// Apply returns img.
func (Normalize) Apply(img *RGB, _ *rand.Rand) *RGB { return img }

func (Normalize) edit(*RGB, *rand.Rand) {}

// Normalization is n.
func (n Normalize) Normalization() (Normalize, bool) { return n, true }

// TaskNormalize has the mean and standard deviation that the recipes use:
// ImageNet's, but for blue's mean, which is 0.405 there.
func TaskNormalize() Normalize {
	return Normalize{Mean: [3]float64{0.485, 0.456, 0.405}, Std: [3]float64{0.229, 0.224, 0.225}}
}

// Validate names the field that cannot be used.
func (n Normalize) Validate() error {
	for c, s := range n.Std {
		if !(s > 0) {
			return fmt.Errorf("transforms: Normalize.Std[%d] = %g, want more than 0", c, s)
		}
	}
	return nil
}

// Tensor writes img into dst as planes [3, H, W].
func (n Normalize) Tensor(dst []float32, img *RGB) {
	t := n.tables()
	t.write(dst, img)
}

// Image is the inverse of Tensor: the 8-bit image of planes [3, h, w]. Values between the
// levels are rounded, those outside are cut to 0 or 255.
func (n Normalize) Image(planes []float32, w, h int) *RGB {
	img := NewRGB(w, h)
	for c := range 3 {
		mean, std := n.Mean[c], n.Std[c]
		for i, v := range planes[c*w*h : (c+1)*w*h] {
			level := math.Round(255 * (float64(v)*std + mean))
			if level > 0 { // not NaN either
				img.Pix[3*i+c] = uint8(min(level, 255))
			}
		}
	}
	return img
}

// ToTensor writes img into dst as planes [3, H, W] with values in [0, 1].
func ToTensor(dst []float32, img *RGB) {
	Normalize{Std: [3]float64{1, 1, 1}}.Tensor(dst, img)
}

// tables holds the value of each 8-bit level of each channel.
type tables [3][256]float32

func (n Normalize) tables() *tables {
	var t tables
	for c := range t {
		for v := range t[c] {
			t[c][v] = (float32(v)/255 - float32(n.Mean[c])) / float32(n.Std[c])
		}
	}
	return &t
}

func (t *tables) write(dst []float32, img *RGB) {
	n := img.W * img.H
	r, g, b, p := dst[:n], dst[n:2*n], dst[2*n:3*n], img.Pix[:3*n]
	for i := range r {
		r[i], g[i], b[i] = t[0][p[0]], t[1][p[1]], t[2][p[2]]
		p = p[3:]
	}
}
