package dataset

import (
	"math"
	"sync"
)

// rgb is a colour with channels from 0 to 1.
type rgb [3]float32

func (a rgb) mix(b rgb, t float32) rgb {
	return rgb{a[0] + (b[0]-a[0])*t, a[1] + (b[1]-a[1])*t, a[2] + (b[2]-a[2])*t}
}

func (a rgb) times(f float32) rgb { return rgb{a[0] * f, a[1] * f, a[2] * f} }

// canvas is a square picture in float32, with a view that takes units of
// drawing to pixels.
type canvas struct {
	size int
	pix  []rgb
	view view
}

// view scales, mirrors, turns and shifts: pixel = at + scale·R(turn)·M·unit.
type view struct {
	x, y     float32 // pixel of the unit (0, 0)
	scale    float32 // pixels a unit
	cos, sin float32
	mirror   float32 // 1 or −1
}

var canvasPool = sync.Pool{New: func() any { return new(canvas) }}

func newCanvas(size int) *canvas {
	c := canvasPool.Get().(*canvas)
	if len(c.pix) != size*size {
		c.pix = make([]rgb, size*size)
	}
	c.size, c.view = size, view{scale: float32(size), cos: 1, mirror: 1}
	return c
}

// shape is an ellipse, a limb or a triangle.
type shape struct {
	kind   shapeKind
	v      [6]float32
	co, si float32 // ellipse: its turn
}

type shapeKind uint8

const (
	ellipseShape  shapeKind = iota // centre, radii
	limbShape                      // two ends with a radius each
	triangleShape                  // three corners
)

func ellipse(x, y, rx, ry, turn float32) shape {
	s, c := math.Sincos(float64(turn))
	return shape{ellipseShape, [6]float32{x, y, rx, ry}, float32(c), float32(s)}
}

func limb(x0, y0, r0, x1, y1, r1 float32) shape {
	return shape{kind: limbShape, v: [6]float32{x0, y0, r0, x1, y1, r1}}
}

func triangle(x0, y0, x1, y1, x2, y2 float32) shape {
	if (x1-x0)*(y2-y0)-(y1-y0)*(x2-x0) < 0 { // one way round, so that inside has one sign
		x1, y1, x2, y2 = x2, y2, x1, y1
	}
	return shape{kind: triangleShape, v: [6]float32{x0, y0, x1, y1, x2, y2}}
}

// bounds is a circle around the shape.
func (s *shape) bounds() (x, y, r float32) {
	v := &s.v
	switch s.kind {
	case ellipseShape:
		return v[0], v[1], max(v[2], v[3])
	case limbShape:
		return (v[0] + v[3]) / 2, (v[1] + v[4]) / 2, hypot(v[0]-v[3], v[1]-v[4])/2 + max(v[2], v[5])
	}
	x, y = (v[0]+v[2]+v[4])/3, (v[1]+v[3]+v[5])/3
	for i := 0; i < 6; i += 2 {
		r = max(r, hypot(v[i]-x, v[i+1]-y))
	}
	return x, y, r
}

// distance is how far (x, y) lies outside the shape, about; negative inside.
func (s *shape) distance(x, y float32) float32 {
	v := &s.v
	switch s.kind {
	case ellipseShape:
		x, y = x-v[0], y-v[1]
		x, y = x*s.co+y*s.si, y*s.co-x*s.si
		p, q := x/v[2], y/v[3]
		k := hypot(p, q)
		slope := hypot(p/v[2], q/v[3])
		if slope == 0 {
			return -min(v[2], v[3])
		}
		return k * (k - 1) / slope
	case limbShape:
		dx, dy := v[3]-v[0], v[4]-v[1]
		x, y = x-v[0], y-v[1]
		t := max(0, min(1, (x*dx+y*dy)/(dx*dx+dy*dy+1e-9)))
		return hypot(x-t*dx, y-t*dy) - (v[2] + (v[5]-v[2])*t)
	}
	d := float32(-1e9)
	for i := 0; i < 6; i += 2 {
		j := (i + 2) % 6
		ex, ey := v[j]-v[i], v[j+1]-v[i+1]
		d = max(d, ((x-v[i])*ey-(y-v[i+1])*ex)/(hypot(ex, ey)+1e-9))
	}
	return d
}

func hypot(a, b float32) float32 { return float32(math.Sqrt(float64(a*a + b*b))) }

// fill paints the shape: paint gets the place in units and the depth below the
// outline in units.
func (c *canvas) fill(s shape, paint func(x, y, depth float32) rgb) {
	v := &c.view
	bx, by, br := s.bounds()
	bx *= v.mirror
	px, py := v.x+v.scale*(bx*v.cos-by*v.sin), v.y+v.scale*(bx*v.sin+by*v.cos)
	pr := br*v.scale + 1
	x0, x1 := max(int(px-pr), 0), min(int(px+pr)+1, c.size)
	y0, y1 := max(int(py-pr), 0), min(int(py+pr)+1, c.size)
	unit := 1 / v.scale
	for j := y0; j < y1; j++ {
		row := c.pix[j*c.size : (j+1)*c.size]
		dy := (float32(j) + 0.5 - v.y) * unit
		for i := x0; i < x1; i++ {
			dx := (float32(i) + 0.5 - v.x) * unit
			x, y := v.mirror*(dx*v.cos+dy*v.sin), dy*v.cos-dx*v.sin
			d := s.distance(x, y)
			cover := 0.5 - d*v.scale
			if cover <= 0 {
				continue
			}
			colour := paint(x, y, -d)
			if cover < 1 {
				colour = row[i].mix(colour, cover)
			}
			row[i] = colour
		}
	}
}

// hash is a pseudo-random number in [0, 1) of a cell and a seed.
func hash(x, y int32, seed uint32) float32 {
	h := uint32(x)*0x9E3779B1 ^ uint32(y)*0x85EBCA77 ^ seed*0xC2B2AE3D
	h = (h ^ h>>15) * 0x2C1B3C6D
	h = (h ^ h>>12) * 0x297A2D39
	return float32((h^h>>15)>>8) * (1.0 / (1 << 24))
}

// smoothNoise is value noise in [0, 1) with one cell a unit.
func smoothNoise(x, y float32, seed uint32) float32 {
	fx, fy := float32(math.Floor(float64(x))), float32(math.Floor(float64(y)))
	i, j := int32(fx), int32(fy)
	tx, ty := x-fx, y-fy
	tx, ty = tx*tx*(3-2*tx), ty*ty*(3-2*ty)
	a := hash(i, j, seed) + (hash(i+1, j, seed)-hash(i, j, seed))*tx
	b := hash(i, j+1, seed) + (hash(i+1, j+1, seed)-hash(i, j+1, seed))*tx
	return a + (b-a)*ty
}
