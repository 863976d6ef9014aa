package dataset

import (
	"math"
	"math/rand/v2"
)

// part is a shape with its ink.
type part struct {
	shape
	ink ink
}

// ink is how a part is painted: with the coat and its markings, or in one
// colour, darkened by tone where the part lies behind.
type ink struct {
	coat   bool
	colour rgb
	tone   float32
	edge   bool // a dark outline
}

// pose holds the values that vary between pictures of one animal.
type pose struct {
	stride, nod, wag, ear float32
	stout                 float32 // height of the body
	phase                 float32
	seed                  uint32
}

// figure is a posed animal: its parts from back to front.
type figure struct {
	b     *breed
	p     pose
	parts []part
	coat  rgb // this animal's own shade
	mark  rgb
	light [2]float32
}

// vary draws from 1−by to 1+by.
func vary(r *rand.Rand, by float32) float32 { return 1 + by*(2*r.Float32()-1) }

// between draws from low to high.
func between(r *rand.Rand, low, high float32) float32 { return low + (high-low)*r.Float32() }

func newFigure(b *breed, r *rand.Rand) *figure {
	shade := vary(r, 0.10)
	f := &figure{b: b, coat: b.coat.times(shade), mark: b.second.times(shade)}
	for c := range 3 {
		f.coat[c] *= vary(r, 0.05)
	}
	f.p = pose{
		stride: between(r, -0.45, 0.45), nod: between(r, -0.25, 0.25), wag: between(r, -0.4, 0.4), ear: between(r, -0.2, 0.2),
		stout: vary(r, 0.10), phase: between(r, 0, 6.28), seed: r.Uint32(),
	}
	turn := between(r, 3.6, 5.8) // from above
	f.light = [2]float32{float32(math.Cos(float64(turn))), float32(math.Sin(float64(turn)))}
	f.pose()
	return f
}

// pose lays the parts out, those behind first.
func (f *figure) pose() {
	b, p := f.b.build, f.p
	h := b.height * p.stout
	limbs, face := f.limbInk(), f.faceInk()
	far := limbs
	far.tone = 0.72
	hip, shoulder := -0.66*b.length, 0.62*b.length
	f.leg(hip+0.12, 0, p.stride, far)
	f.leg(shoulder+0.10, -b.rise, -p.stride*0.8, far)
	f.drawTail(h, limbs)
	f.leg(hip, 0, -p.stride*0.9, limbs)
	f.leg(shoulder, -b.rise, p.stride, limbs)
	f.trunkOfBody(h)
	f.headAndNeck(h, face)
}

func (f *figure) add(s shape, k ink) { f.parts = append(f.parts, part{s, k}) }

func (f *figure) coatInk() ink { return ink{coat: true, tone: 1, edge: true} }

// limbInk is the ink of legs and tail.
func (f *figure) limbInk() ink {
	switch f.b.marking {
	case pointed, bicoloured:
		return ink{colour: f.mark, tone: 1, edge: true}
	case netted:
		return ink{colour: f.coat.mix(f.mark, 0.35), tone: 1, edge: true}
	}
	return f.coatInk()
}

func (f *figure) faceInk() ink {
	if f.b.marking == pointed {
		return ink{colour: f.mark, tone: 1, edge: true}
	}
	return f.coatInk()
}

// leg has a thigh, a shank and a foot.
func (f *figure) leg(x, y, swing float32, k ink) {
	b := f.b.build
	w := b.legWidth
	top := y + b.height*0.35
	length := b.leg + b.height*0.62
	s, c := math.Sincos(float64(swing))
	knee := [2]float32{x + 0.5*length*float32(s), top + 0.5*length*float32(c)}
	s, c = math.Sincos(float64(swing) * 0.4)
	foot := [2]float32{knee[0] + 0.5*length*float32(s), knee[1] + 0.5*length*float32(c)}
	f.add(limb(foot[0], foot[1], w*0.75, foot[0]+w*0.9, foot[1]+w*0.1, w*0.6), k)
	f.add(limb(knee[0], knee[1], w*0.85, foot[0], foot[1], w*0.75), k)
	f.add(limb(x, top, w*1.6, knee[0], knee[1], w*0.9), k)
}

func (f *figure) drawTail(h float32, k ink) {
	b := f.b.build
	x, y, n := -b.length*0.92, -h*0.35, b.tailSize
	if n == 0 {
		return
	}
	along := func(x, y, a, n float32) (float32, float32) {
		return x - n*float32(math.Cos(float64(a))), y - n*float32(math.Sin(float64(a)))
	}
	w := f.p.wag
	switch b.tail {
	case stubTail:
		f.add(ellipse(x-n*0.4, y, n, n, 0), k)
	case thinTail:
		x1, y1 := along(x, y, -0.2+w, n*0.5)
		x2, y2 := along(x1, y1, 0.9+w, n*0.5)
		f.add(limb(x, y, 0.09, x1, y1, 0.08), k)
		f.add(limb(x1, y1, 0.08, x2, y2, 0.06), k)
	case bushyTail:
		x1, y1 := along(x, y, -0.5+w, n*0.5)
		x2, y2 := along(x1, y1, -0.7+w, n*0.5)
		f.add(limb(x, y, 0.08, x1, y1, 0.20), k)
		tip := k
		if f.b.marking == bellied {
			tip = ink{colour: f.mark, tone: 1, edge: true}
		}
		f.add(limb(x1, y1, 0.20, x2, y2, 0.06), tip)
	case raisedTail:
		x1, y1 := along(x, y, 0.9+w, n)
		f.add(limb(x, y, 0.11, x1, y1, 0.06), k)
	case curlyTail:
		for i := range 5 {
			a := float64(i)*1.4 + float64(f.p.phase)
			cx, cy := x-n*0.5+n*0.45*float32(math.Cos(a)), y+n*0.45*float32(math.Sin(a))
			f.add(ellipse(cx, cy, 0.10, 0.10, 0), k)
		}
	case tuftTail:
		x1, y1 := along(x, y, -1.15+w*0.7, n)
		f.add(limb(x, y, 0.06, x1, y1, 0.05), k)
		f.add(ellipse(x1, y1, 0.12, 0.17, 0), ink{colour: f.mark.times(0.7), tone: 1})
	}
}

// trunkOfBody is rump, chest and the part between, with wool or a shell.
func (f *figure) trunkOfBody(h float32) {
	b := f.b.build
	k := f.coatInk()
	switch {
	case b.shell:
		f.add(ellipse(0, h*0.25, b.length, h*0.55, 0), ink{colour: f.coat.mix(f.mark, 0.3), tone: 1, edge: true})
		f.add(ellipse(0, -h*0.15, b.length*0.95, h*1.35, 0), k)
		return
	case b.wool:
		for i := range 14 {
			s, c := math.Sincos(float64(i)*2*math.Pi/14 + float64(f.p.phase)*0.2)
			f.add(ellipse(b.length*0.85*float32(c), h*0.8*float32(s), 0.24, 0.24, 0), k)
		}
		k.edge = false
		f.add(ellipse(0, 0, b.length*0.92, h*0.9, 0), k)
		return
	}
	tilt := float32(math.Atan2(float64(-b.rise), float64(b.length)))
	f.add(ellipse(0, -b.rise*0.4, b.length, h, tilt), k)
	k.edge = false
	f.add(ellipse(0.5*b.length, -b.rise*0.8, h*1.02, h*1.06, 0), k)
	f.add(ellipse(-0.55*b.length, 0, h*0.98, h*0.98, 0), k)
}

func (f *figure) headAndNeck(h float32, face ink) {
	b := f.b.build
	x, y := b.length*0.72, -b.rise-h*0.35
	turn := float64(b.neckTurn + f.p.nod*0.6)
	hx := x + b.neck*float32(math.Cos(turn)) + b.head*0.35
	hy := y - b.neck*float32(math.Sin(turn)) - b.head*0.30
	neck := f.coatInk()
	if b.shell {
		neck = f.limbInk()
		face = neck
	}
	if b.mane {
		f.add(limb(x-b.neckWidth*0.9, y, b.neckWidth*0.8, hx-b.head*0.7, hy-b.head*0.6, b.neckWidth*0.7), ink{colour: f.maneColour(), tone: 1, edge: true})
	}
	f.add(limb(x, y, b.neckWidth*1.25, hx, hy, b.neckWidth*0.95), neck)
	if f.b.name == "lion" {
		f.add(ellipse(hx-0.12, hy+0.05, b.head*1.7, b.head*1.75, 0), ink{colour: f.mark.mix(f.coat, 0.15), tone: 1, edge: true})
		face = f.coatInk()
	}
	f.ears(hx, hy, 0.75, true, face)
	nod := f.p.nod*0.7 + 0.25
	s, c := math.Sincos(float64(nod))
	nx, ny := hx+b.head*0.45+b.snout*float32(c), hy+b.head*0.30+b.snout*float32(s)
	f.add(ellipse(hx, hy, b.head, b.head*0.92, 0), face)
	f.snout(hx, hy, nx, ny, face)
	f.ears(hx, hy, 1, false, face)
	f.horns(hx, hy)
	f.eye(hx+b.head*0.38, hy-b.head*0.15)
}

func (f *figure) maneColour() rgb {
	if f.b.marking == striped {
		return f.mark
	}
	return f.b.second.mix(f.coat, 0.25).times(0.8)
}

// snout, nose, or an elephant's trunk.
func (f *figure) snout(hx, hy, nx, ny float32, face ink) {
	b := f.b.build
	k := face
	k.edge = false
	if b.trunk {
		bend := f.p.wag
		x1, y1 := hx+b.head*0.95+0.12, hy+b.head*0.9
		x2, y2 := x1+0.10+bend*0.5, y1+0.75
		f.add(limb(hx+b.head*0.5, hy+b.head*0.1, 0.30, x1, y1, 0.20), face)
		f.add(limb(x1, y1, 0.20, x2, y2, 0.11), face)
		f.add(triangle(hx+b.head*0.55, hy+b.head*0.55, hx+b.head*0.85, hy+b.head*0.45, hx+b.head*1.5, hy+b.head*1.25), ink{colour: white, tone: 1, edge: true})
		return
	}
	if f.b.marking == bellied {
		k = ink{colour: f.mark, tone: 1}
	}
	f.add(limb(hx+b.head*0.35, hy+b.head*0.28, b.head*0.55, nx, ny, b.muzzle), k)
	nose := ink{colour: black, tone: 1}
	if b.tail == curlyTail { // a pig's disc
		f.add(ellipse(nx+b.muzzle*0.55, ny, b.muzzle*0.55, b.muzzle*1.05, 0), ink{colour: f.coat.times(0.80), tone: 1, edge: true})
		return
	}
	if f.b.coat == black || f.b.marking == pointed {
		nose.colour = darkGrey
	}
	r := max(b.muzzle*0.42, 0.055)
	f.add(ellipse(nx+b.muzzle*0.6, ny-b.muzzle*0.25, r, r, 0), nose)
}

func (f *figure) ears(hx, hy, tone float32, far bool, face ink) {
	b := f.b.build
	k := face
	if f.b.marking == bicoloured {
		k = ink{colour: f.mark, edge: true}
	}
	k.tone = tone
	x, n := hx-b.head*0.45, b.earSize
	if far {
		x = hx + b.head*0.20
	}
	y := hy - b.head*0.70
	lean := float64(f.p.ear)
	inner := ink{colour: f.coat.mix(pink, 0.6).times(0.85), tone: 1}
	switch b.ear {
	case pointedEar:
		tx, ty := x+n*float32(math.Sin(lean)), y-n*float32(math.Cos(lean))
		f.add(triangle(x-n*0.45, y+0.12, x+n*0.45, y+0.06, tx, ty-0.08), k)
		if !far && n > 0.3 {
			f.add(triangle(x-n*0.18, y+0.02, x+n*0.22, y, tx, ty+0.08), inner)
		}
	case roundEar:
		f.add(ellipse(x, y-n*0.35, n, n, 0), k)
		if !far {
			f.add(ellipse(x, y-n*0.30, n*0.55, n*0.55, 0), inner)
		}
	case longEar:
		s, c := math.Sincos(lean - 0.25)
		tx, ty := x+n*float32(s), y-n*float32(c)
		f.add(limb(x, y+0.05, 0.10, (x+tx)/2, (y+ty)/2, 0.15), k)
		f.add(limb((x+tx)/2, (y+ty)/2, 0.15, tx, ty, 0.07), k)
		if !far {
			f.add(limb(x, y, 0.04, tx*0.8+x*0.2, ty*0.8+y*0.2, 0.06), inner)
		}
	case floppyEar:
		if far {
			return
		}
		k.tone = 0.75
		f.add(limb(x, y+0.08, 0.10, x-0.14+n*float32(math.Sin(lean)), y+n*1.1, 0.15), k)
	case hugeEar:
		if far {
			return
		}
		k.tone = 0.86
		f.add(ellipse(hx-b.head*0.75, hy+0.05, n*0.85, n*1.25, f.p.ear), k)
	}
}

func (f *figure) horns(hx, hy float32) {
	b := f.b.build
	if !b.horns {
		return
	}
	k := ink{colour: cream.times(0.9), tone: 1, edge: true}
	x, y := hx-b.head*0.1, hy-b.head*0.75
	switch {
	case f.b.marking == netted: // a giraffe's knobs
		f.add(limb(x, y, 0.05, x-0.08, y-0.28, 0.05), ink{colour: f.coat, tone: 1})
		f.add(ellipse(x-0.08, y-0.30, 0.09, 0.09, 0), ink{colour: darkBrown, tone: 1})
	case b == goat:
		f.add(limb(x, y, 0.09, x-0.18, y-0.35, 0.07), k)
		f.add(limb(x-0.18, y-0.35, 0.07, x-0.48, y-0.48, 0.03), k)
		f.add(triangle(hx+b.head*0.5, hy+b.head*0.9, hx+b.head*0.95, hy+b.head*0.9, hx+b.head*0.65, hy+b.head*2.1), f.coatInk()) // beard
	default:
		f.add(limb(x, y+0.05, 0.10, x+0.12, y-0.22, 0.08), k)
		f.add(limb(x+0.12, y-0.22, 0.08, x+0.02, y-0.40, 0.03), k)
	}
}

func (f *figure) eye(x, y float32) {
	r := max(f.b.build.head*0.16, 0.055)
	if f.b.marking == bicoloured {
		f.add(ellipse(x, y+0.02, r*2.2, r*1.8, 0.5), ink{colour: f.mark, tone: 1})
	}
	dark := f.coat[1] < 0.35 || f.b.marking == pointed || f.b.marking == bicoloured
	if dark {
		f.add(ellipse(x, y, r*1.25, r*1.25, 0), ink{colour: golden, tone: 1})
	}
	f.add(ellipse(x, y, r*0.85, r*0.85, 0), ink{colour: black, tone: 1})
	f.add(ellipse(x+r*0.3, y-r*0.3, r*0.35, r*0.35, 0), ink{colour: white, tone: 1})
}
