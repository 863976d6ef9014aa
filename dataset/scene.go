package dataset

import (
	"math"
	"math/rand/v2"

	"github.com/euryale-ml/euryale/transforms"
)

// drawBackground paints a sky and a ground of any colours with clutter before
// them, some of it in the colours of animals, so that colours alone do not give the class away.
func drawBackground(c *canvas, r *rand.Rand) {
	top, bottom := anyColour(r), anyColour(r)
	ground := anyColour(r)
	horizon := between(r, 0.35, 1.1) * float32(c.size)
	slope := between(r, -0.15, 0.15)
	seed, rough, cells := r.Uint32(), between(r, 0, 0.25), between(r, 3, 10)/float32(c.size)
	for j := range c.size {
		t := float32(j) / float32(c.size)
		sky := top.mix(bottom, t)
		for i := range c.size {
			colour := sky
			if float32(j) > horizon+slope*float32(i) {
				colour = ground
			}
			n := smoothNoise(float32(i)*cells, float32(j)*cells, seed) - 0.5
			c.pix[j*c.size+i] = colour.times(1 + rough*n)
		}
	}
	for range r.IntN(6) {
		drawClutter(c, r)
	}
}

// drawClutter paints a stone, a post or a leaf.
func drawClutter(c *canvas, r *rand.Rand) {
	c.view = view{scale: float32(c.size), cos: 1, mirror: 1}
	colour, other := anyColour(r), anyColour(r)
	if r.IntN(2) == 0 {
		b := &breeds[r.IntN(len(breeds))]
		colour, other = b.coat, b.second
	}
	x, y, n := r.Float32(), r.Float32(), between(r, 0.03, 0.13)
	turn, stripes := r.Float32()*math.Pi, 0.0
	if r.IntN(3) == 0 {
		stripes = float64(between(r, 15, 60))
	}
	s := ellipse(x, y, n, n*between(r, 0.3, 1), turn)
	switch r.IntN(3) {
	case 0:
		s = limb(x, y, n*0.25, x+between(r, -0.4, 0.4), y+between(r, -0.5, 0.5), n*0.25)
	case 1:
		s = triangle(x, y-n, x-n, y+n*0.5, x+n*r.Float32(), y+n)
	}
	c.fill(s, func(x, y, _ float32) rgb {
		if stripes > 0 && math.Sin(stripes*float64(x+y)) > 0 {
			return other
		}
		return colour
	})
}

func anyColour(r *rand.Rand) rgb {
	grey := between(r, 0.25, 0.8)
	wild := rgb{r.Float32(), r.Float32(), r.Float32()}
	return rgb{grey, grey, grey}.mix(wild, between(r, 0.05, 0.45))
}

// drawAnimal poses the animal and puts it into the picture.
func drawAnimal(c *canvas, b *breed, r *rand.Rand) {
	f := newFigure(b, r)
	c.view = f.place(c.size, r)
	unit := 1 / c.view.scale
	for i := range f.parts {
		p := &f.parts[i]
		c.fill(p.shape, func(x, y, depth float32) rgb { return f.paint(p, x, y, depth, unit) })
	}
}

// place scales, turns and mirrors the figure so that it lies within the
// picture, but for a little.
func (f *figure) place(size int, r *rand.Rand) view {
	x0, y0, x1, y1 := float32(9), float32(9), float32(-9), float32(-9)
	for i := range f.parts {
		x, y, n := f.parts[i].bounds()
		x0, y0, x1, y1 = min(x0, x-n), min(y0, y-n), max(x1, x+n), max(y1, y+n)
	}
	side := max(x1-x0, y1-y0)
	scale := between(r, 0.86, 1.14) * float32(size) / side
	s, cos := math.Sincos(float64(between(r, -0.17, 0.17)))
	v := view{scale: scale, cos: float32(cos), sin: float32(s), mirror: 1}
	if r.IntN(2) == 0 {
		v.mirror = -1
	}
	mx, my := v.mirror*(x0+x1)/2, (y0+y1)/2
	freeX, freeY := max(float32(size)-scale*(x1-x0), 0.1*float32(size)), max(float32(size)-scale*(y1-y0), 0.1*float32(size))
	v.x = float32(size)/2 + between(r, -0.5, 0.5)*freeX - scale*(mx*v.cos-my*v.sin)
	v.y = float32(size)/2 + between(r, -0.5, 0.5)*freeY - scale*(mx*v.sin+my*v.cos)
	return v
}

// develop turns the canvas into 8 bits under a light that varies over the
// picture, with a camera's noise.
func develop(c *canvas, r *rand.Rand) *transforms.RGB {
	n := c.size
	out := transforms.NewRGB(n, n)
	gain := between(r, 0.82, 1.14)
	tint := rgb{vary(r, 0.06), vary(r, 0.06), vary(r, 0.06)}
	gx, gy := between(r, -0.3, 0.3)/float32(n), between(r, -0.3, 0.3)/float32(n)
	const bits, half = 1<<21 - 1, 1 << 20
	noise := between(r, 0.01, 0.05) / half
	for j := range n {
		for i := range n {
			u := r.Uint64()
			light := gain * (1 + gx*(float32(i)-float32(n)/2) + gy*(float32(j)-float32(n)/2))
			d := out.Pix[3*(j*n+i):][:3]
			for k := range d {
				v := c.pix[j*n+i][k]*light*tint[k] + float32(int32(u&bits)-half)*noise
				d[k] = uint8(max(0, min(255, v*255+0.5)))
				u >>= 21
			}
		}
	}
	return out
}
