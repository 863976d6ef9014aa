package dataset

import "math"

// paint returns the ink's colour at a place of the figure.
func (f *figure) paint(p *part, x, y, depth, unit float32) rgb {
	colour := p.ink.colour
	if p.ink.coat {
		colour = f.fur(x, y, unit)
	}
	cx, cy, r := p.bounds()
	shade := 1 + 0.20*((x-cx)*f.light[0]+(y-cy)*f.light[1])/r
	if p.ink.edge {
		if width := max(0.045, 0.6*unit); depth < width {
			shade *= 0.62 + 0.38*max(depth, 0)/width
		}
	}
	return colour.times(shade * p.ink.tone)
}

// fur is the coat with its markings; unit is the size of a pixel.
func (f *figure) fur(x, y, unit float32) rgb {
	switch f.b.marking {
	case striped:
		bend := 0.5 * (smoothNoise(2*x, 2*y, f.p.seed) - 0.5)
		s := float32(math.Sin(float64((x+0.25*y+bend)*11 + f.p.phase)))
		return f.coat.mix(f.mark, step(s, 0.05, 11*unit))
	case spotted:
		return f.coat.mix(f.mark, f.spots(x, y, unit))
	case patched:
		n := smoothNoise(1.5*x+f.p.phase, 1.5*y, f.p.seed)*0.8 + smoothNoise(4*x, 4*y, f.p.seed+1)*0.2
		return f.coat.mix(f.mark, step(n, 0.53, 1.5*unit))
	case netted:
		return f.coat.mix(f.mark, f.seams(x, y, unit))
	case bellied:
		low := (y - f.b.build.height*0.30) + 0.08*(smoothNoise(4*x, 4*y, f.p.seed)-0.5)
		if x > f.b.build.length*1.2 { // the head is no belly
			return f.coat
		}
		return f.coat.mix(f.mark, step(low, 0, unit))
	case bicoloured:
		band := float32(math.Abs(float64(x - 0.42*f.b.build.length)))
		return f.coat.mix(f.mark, step(0.28-band, 0, unit))
	}
	return f.coat.times(0.94 + 0.12*smoothNoise(6*x, 6*y, f.p.seed))
}

// step rises from 0 to 1 where v passes at, over a width.
func step(v, at, width float32) float32 { return max(0, min(1, (v-at)/max(width, 1e-4)+0.5)) }

const spotCell = 0.30

// spots is 1 within dots that are scattered one a cell.
func (f *figure) spots(x, y, unit float32) float32 {
	px, py := x/spotCell, y/spotCell
	i, j := int32(math.Floor(float64(px))), int32(math.Floor(float64(py)))
	cx := float32(i) + 0.32 + 0.36*hash(i, j, f.p.seed)
	cy := float32(j) + 0.32 + 0.36*hash(i, j, f.p.seed+1)
	r := 0.24 + 0.12*hash(i, j, f.p.seed+2)
	return step(r-hypot(px-cx, py-cy), 0, unit/spotCell)
}

const plateCell = 0.44

// seams is 1 on the borders of plates, which are Voronoi cells.
func (f *figure) seams(x, y, unit float32) float32 {
	px, py := x/plateCell, y/plateCell
	i, j := int32(math.Floor(float64(px))), int32(math.Floor(float64(py)))
	nearest, second := float32(9), float32(9)
	for dj := int32(-1); dj <= 1; dj++ {
		for di := int32(-1); di <= 1; di++ {
			cx := float32(i+di) + 0.15 + 0.7*hash(i+di, j+dj, f.p.seed)
			cy := float32(j+dj) + 0.15 + 0.7*hash(i+di, j+dj, f.p.seed+1)
			d := hypot(px-cx, py-cy)
			if d < nearest {
				nearest, second = d, nearest
			} else if d < second {
				second = d
			}
		}
	}
	return step(0.16-(second-nearest), 0, unit/plateCell)
}
