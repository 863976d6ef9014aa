package transforms

import (
	"math"
	"sync"
)

// hueScale multiplies each pixel's hue: h' = ⌊f·h⌋ mod 256.
func hueScale(img *RGB, f float64) {
	mapHue(img, func(h int) uint8 { return uint8(int(f * float64(h))) })
}

// hueShift adds f turns to each pixel's hue, as torchvision's adjust_hue on PIL
// images.
func hueShift(img *RGB, f float64) {
	d := uint8(int(f * 255))
	mapHue(img, func(h int) uint8 { return uint8(h) + d })
}

// mapHue converts each pixel to Pillow's 8-bit HSV and back with another hue.
func mapHue(img *RGB, f func(h int) uint8) {
	t := hsvTables()
	var sectors [256]sector
	for h := range sectors {
		sectors[h] = t.sectors[f(h)]
	}
	for p := img.Pix; len(p) >= 3; p = p[3:] {
		h, s, v := t.hsv(p[0], p[1], p[2])
		p[0], p[1], p[2] = sectors[h].rgb(s, v)
	}
}

// hsvTables are computed once: 460 kB.
var hsvTables = sync.OnceValue(func() *hsvTable {
	t := new(hsvTable)
	for spread := 1; spread < 256; spread++ {
		for mid := 0; mid <= spread; mid++ {
			for order := range t.hue {
				t.hue[order][spread][mid] = pillowHue(order, mid, spread)
			}
		}
		for v := spread; v < 256; v++ {
			t.saturation[v][spread] = uint8(float64(float32(spread)/float32(v)) * 255)
		}
	}
	for h := range t.sectors {
		turn := float64(h) * 6 / 255
		i := math.Floor(turn)
		t.sectors[h] = sector{int(i) % 6, float64(float32(turn - i))}
	}
	return t
})

type hsvTable struct {
	hue        [6][256][256]uint8 // by the order of the channels, greatest − least, greatest − middle
	saturation [256][256]uint8    // by the greatest channel, greatest − least
	sectors    [256]sector
}

// pillowHue is the hue that Pillow's rgb2hsv computes, in its float types. In
// its terms one of rc, gc, bc is 0 (the greatest channel's), one 1 (the
// least's), and the other mid/spread. Orders 0 and 1 have red greatest and
// blue, green least; 2 and 3 green and red, blue; 4 and 5 blue and green, red.
func pillowHue(order, mid, spread int) uint8 {
	m := float32(mid) / float32(spread)
	var h float32
	switch order {
	case 0:
		h = 1 - m
	case 1:
		h = m - 1
	case 2:
		h = float32(2 + 1 - float64(m))
	case 3:
		h = float32(2 + float64(m) - 1)
	case 4:
		h = float32(4 + 1 - float64(m))
	case 5:
		h = float32(4 + float64(m) - 1)
	}
	h = float32(math.Mod(float64(h)/6+1, 1))
	return uint8(min(255, int(float64(h)*255)))
}

// hsv is Pillow's conversion of a pixel from RGB to HSV.
func (t *hsvTable) hsv(r, g, b uint8) (h, s, v uint8) {
	greatest, least := max(r, g, b), min(r, g, b)
	spread := greatest - least
	if spread == 0 {
		return 0, 0, greatest
	}
	s = t.saturation[greatest][spread]
	switch {
	case r == greatest && b == least:
		h = t.hue[0][spread][greatest-g]
	case r == greatest:
		h = t.hue[1][spread][greatest-b]
	case g == greatest && r == least:
		h = t.hue[2][spread][greatest-b]
	case g == greatest:
		h = t.hue[3][spread][greatest-r]
	case g == least:
		h = t.hue[4][spread][greatest-r]
	default:
		h = t.hue[5][spread][greatest-g]
	}
	return h, s, greatest
}

// sector is a hue as a sixth of the colour circle and the position in it, 0 to 1.
type sector struct {
	sixth int
	f     float64
}

// rgb is Pillow's conversion of a pixel from HSV to RGB.
func (c sector) rgb(s, v uint8) (r, g, b uint8) {
	if s == 0 {
		return v, v, v
	}
	fv, fs := float64(v), float64(float32(s)/255)
	p := uint8(fv*(1-fs) + 0.5)
	if c.sixth%2 == 0 {
		t := uint8(fv*(1-fs*(1-c.f)) + 0.5)
		switch c.sixth {
		case 0:
			return v, t, p
		case 2:
			return p, v, t
		}
		return t, p, v
	}
	q := uint8(fv*(1-float64(float32(fs)*float32(c.f))) + 0.5)
	switch c.sixth {
	case 1:
		return q, v, p
	case 3:
		return p, q, v
	}
	return v, p, q
}
