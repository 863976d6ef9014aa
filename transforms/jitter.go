package transforms

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// ColorJitter changes brightness, contrast, saturation and hue by factors drawn
// anew for each image and each property, in an order drawn for each image.
// Brightness, contrast and saturation are torchvision's on PIL images, 8-bit
// rounding included. Hue is Pillow's 8-bit HSV: HueScale multiplies it (torchvision
// has no such thing), HueShift adds turns (torchvision's hue).
//
// A range whose ends are both 0 is off: its property is left alone and nothing
// is drawn for it; so is a range of factors whose ends are both 1.
type ColorJitter struct {
	Brightness, Contrast, Saturation [2]float64 // factors from 0
	HueScale                         [2]float64 // factors from 0
	HueShift                         [2]float64 // turns from -0.5 to 0.5
}

// Validate names the field that cannot be used.
func (t ColorJitter) Validate() error {
	for _, p := range []struct {
		name   string
		limits [2]float64
		low    float64
		high   float64
	}{
		{"Brightness", t.Brightness, 0, 1000}, {"Contrast", t.Contrast, 0, 1000}, {"Saturation", t.Saturation, 0, 1000},
		{"HueScale", t.HueScale, 0, 1000}, {"HueShift", t.HueShift, -0.5, 0.5},
	} {
		if !(p.low <= p.limits[0] && p.limits[0] <= p.limits[1] && p.limits[1] <= p.high) {
			return fmt.Errorf("transforms: ColorJitter.%s = %v, want %g ≤ low ≤ high ≤ %g", p.name, p.limits, p.low, p.high)
		}
	}
	return nil
}

// Apply returns the changed image, or img when every range is off.
func (t ColorJitter) Apply(img *RGB, r *rand.Rand) *RGB {
	if len(t.active()) == 0 {
		return img
	}
	out := img.Clone()
	t.edit(out, r)
	return out
}

type adjustment struct {
	name   string
	limits [2]float64
	adjust func(img *RGB, amount float64)
}

func (t ColorJitter) active() []adjustment {
	on := make([]adjustment, 0, 5)
	for _, a := range [...]adjustment{
		{"brightness", t.Brightness, brightness}, {"contrast", t.Contrast, contrast},
		{"saturation", t.Saturation, saturation}, {"hue scale", t.HueScale, hueScale},
	} {
		if a.limits != [2]float64{} && a.limits != [2]float64{1, 1} {
			on = append(on, a)
		}
	}
	if t.HueShift != [2]float64{} {
		on = append(on, adjustment{"hue shift", t.HueShift, hueShift})
	}
	return on
}

func (t ColorJitter) edit(img *RGB, r *rand.Rand) {
	t.each(r, func(a adjustment, amount float64) { a.adjust(img, amount) })
}

// each draws an order and, in that order, the amounts.
func (t ColorJitter) each(r *rand.Rand, do func(a adjustment, amount float64)) {
	on := t.active()
	r.Shuffle(len(on), func(i, j int) { on[i], on[j] = on[j], on[i] })
	for _, a := range on {
		do(a, uniform(r, a.limits))
	}
}

// blend is Pillow's Image.blend of two levels: from + f·(to − from) in float32,
// cut, not rounded, to 8 bits.
func blend(from, to int32, f float32) uint8 {
	v := float32(from) + float32(f*float32(to-from))
	return uint8(max(0, min(255, int32(v))))
}

// blendTable blends every level with the grey level from.
func blendTable(from int32, f float32) *[256]uint8 {
	var t [256]uint8
	for v := range t {
		t[v] = blend(from, int32(v), f)
	}
	return &t
}

func lookUp(img *RGB, t *[256]uint8) {
	for i, v := range img.Pix {
		img.Pix[i] = t[v]
	}
}

// brightness blends with black: ImageEnhance.Brightness.
func brightness(img *RGB, f float64) { lookUp(img, blendTable(0, float32(f))) }

// contrast blends with the image's mean grey: ImageEnhance.Contrast.
func contrast(img *RGB, f float64) {
	sum := 0
	for p := img.Pix; len(p) >= 3; p = p[3:] {
		sum += int(grey(p[0], p[1], p[2]))
	}
	mean := math.Floor(float64(sum)/float64(img.W*img.H) + 0.5)
	lookUp(img, blendTable(int32(mean), float32(f)))
}

// saturation blends with each pixel's own grey: ImageEnhance.Color.
func saturation(img *RGB, f float64) {
	f32 := float32(f)
	for p := img.Pix; len(p) >= 3; p = p[3:] {
		l := int32(grey(p[0], p[1], p[2]))
		p[0], p[1], p[2] = blend(l, int32(p[0]), f32), blend(l, int32(p[1]), f32), blend(l, int32(p[2]), f32)
	}
}

// grey is Pillow's conversion to L: ITU-R 601-2 luma in 16-bit fixed point.
func grey(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}
