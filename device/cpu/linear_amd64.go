//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
)

// linear is a linear layer over rows: x [n, in], w [out, in], y [n, out], each row
// padded to 16 floats. VGG's largest layer has 100 million weights, and reading them
// takes most of the time: every pass reads them once, in long runs.
type linear struct {
	d          *Device
	k          *kernels
	n, in, out int
	xRow, yRow int // floats, padded
}

func (d *Device) bindLinear(s *device.Step, in, out []device.Memory, scratch device.Memory) device.Kernel {
	l := &linear{d: d, k: d.kernels}
	switch s.Kind {
	case device.Linear:
		l.sizes(s.In[0].Shape, s.In[1].Shape)
		return l.forward(s, in, out)
	case device.LinearGradInput:
		l.sizes(s.Out[0].Shape, s.In[1].Shape)
		return l.gradInput(s, in, out, scratch)
	}
	l.sizes(s.In[0].Shape, []int{s.In[1].Shape[1], s.In[0].Shape[1]})
	return l.gradWeight(s, in, out)
}

func (l *linear) sizes(x, w []int) {
	l.n, l.in, l.out = x[0], x[1], w[0]
	l.xRow, l.yRow = padded(l.in), padded(l.out)
}

const (
	dotDepth   = 2048 // floats of a row that scalar products sum at a time
	dotOutputs = 32   // outputs of a piece
)

// forward computes y from scalar products of rows of x and rows of w.
func (l *linear) forward(s *device.Step, in, out []device.Memory) device.Kernel {
	attr, _ := s.Attr.(device.LinearAttr)
	x, w, y := at(in[0], 0), at(in[1], 0), f32(out[0], l.n*l.yRow)
	var bias []float32
	if attr.Bias {
		bias = f32(in[2], l.yRow)
	}
	end := l.d.endingOf(attr.Act)
	if end == nil {
		return nil
	}
	width, narrow := dotOutputs, 8
	if end.pass != nil {
		narrow = lanes
	}
	for width > narrow && l.yRow/width < 32 {
		width /= 2
	}
	args := make([]dots, l.d.pool.workers)
	return l.d.jobs(&job{pieces: (l.yRow + width - 1) / width, do: func(worker, piece int) {
		o0, o1 := piece*width, min((piece+1)*width, l.yRow)
		for i := range l.n {
			clear(y[i*l.yRow+o0 : i*l.yRow+o1])
		}
		o1 = min(o1, l.out)
		if o0 >= o1 {
			return
		}
		for k := 0; k < l.xRow; k += dotDepth {
			a := &args[worker]
			a.vectors = int64(min(dotDepth, l.xRow-k) / l.k.vector)
			groups(o0, o1, l.k.dotRows, func(o, fresh, step int) {
				a.w, a.wRow = unsafe.Add(w, (o*l.xRow+k)*4), int64(step*l.xRow*4)
				groups(0, l.n, l.k.dotCols, func(i, freshX, stepX int) {
					a.x, a.xRow = unsafe.Add(x, (i*l.xRow+k)*4), int64(stepX*l.xRow*4)
					l.k.dot(a)
					l.addDots(a, y, o, fresh, step, o1, i, freshX, stepX)
				})
			})
		}
		for i := range l.n {
			row := y[i*l.yRow+o0 : i*l.yRow+o1]
			for o := range row {
				if bias != nil {
					row[o] += bias[o0+o]
				}
				if end.clip != 0 && !(row[o] > 0) && row[o] == row[o] {
					row[o] = 0
				}
			}
			end.apply(unsafe.Pointer(&row[0]), int64(blocks(len(row))))
		}
	}})
}

// groups calls do for groups of size elements from lo to hi, with the group's first element,
// the first one that no earlier group contained, and the step between elements. The last
// group begins earlier, so that it is complete. With fewer than size elements each one is
// passed alone, with step 0, so that a tile reads it size times.
func groups(lo, hi, size int, do func(first, fresh, step int)) {
	if hi-lo < size {
		for i := lo; i < hi; i++ {
			do(i, i, 0)
		}
		return
	}
	for i := lo; i < hi; i += size {
		do(min(i, hi-size), i, 1)
	}
}

// addDots adds a tile of scalar products to y, except those that an earlier tile has added.
func (l *linear) addDots(a *dots, y []float32, o, fresh, step, o1, i, freshX, stepX int) {
	for r := range l.k.dotRows {
		if step == 0 && r > 0 || o+r < fresh {
			continue
		}
		for c := range l.k.dotCols {
			if stepX == 0 && c > 0 || i+c < freshX {
				continue
			}
			y[(i+c*stepX)*l.yRow+o+r*step] += a.sums[r*l.k.dotCols+c]
		}
	}
}

const (
	productDepth = 64  // outputs that a product sums at a time
	productWidth = 512 // inputs of a piece
)

// gradInputScratch is the size of dyᵀ and of a buffer for results past the end.
func (d *Device) gradInputScratch(s *device.Step) int {
	n, o := s.In[0].Shape[0], s.In[1].Shape[0]
	k := d.kernels
	return (n+k.pixels-1)/k.pixels*k.pixels*o*4 + 64
}

// gradInput is dx = dy·w: dy is transposed, so that a tile's values are adjacent.
func (l *linear) gradInput(s *device.Step, in, out []device.Memory, scratch device.Memory) device.Kernel {
	p := l.k.pixels
	np := (l.n + p - 1) / p * p
	dy, w, dx, dyT := f32(in[0], l.n*l.yRow), at(in[1], 0), at(out[0], 0), f32(scratch, np*l.out)
	transpose := &job{pieces: (l.out + 63) / 64, do: func(_, piece int) {
		for o := piece * 64; o < min(l.out, (piece+1)*64); o++ {
			row := dyT[o*np : (o+1)*np]
			for i := range row {
				if i < l.n {
					row[i] = dy[i*l.yRow+o]
				} else {
					row[i] = 0
				}
			}
		}
	}}
	wide := l.k.blocks * lanes
	width := productWidth
	for width > wide && l.xRow/width < 64 {
		width -= wide
	}
	args := make([]productSpace, l.d.pool.workers)
	for i := range args {
		args[i].b = make([]float32, productDepth*wide)
		args[i].c = make([]float32, p*wide)
	}
	return l.d.jobs(transpose, &job{pieces: (l.xRow + width - 1) / width, do: func(worker, piece int) {
		ws := &args[worker]
		for o := 0; o < l.out; o += productDepth {
			depth := min(productDepth, l.out-o)
			for k := piece * width; k < min(l.xRow, (piece+1)*width); k += wide {
				b, row := unsafe.Add(w, (o*l.xRow+k)*4), int64(l.xRow*4)
				cols := min(wide, l.xRow-k)
				if cols < wide { // the last half of a tile
					b, row = ws.copyB(b, l.xRow, cols, depth, wide), int64(wide*4)
				}
				for i := 0; i < l.n; i += p {
					a := &ws.arg
					*a = product{
						a: unsafe.Pointer(&dyT[o*np+i]), aRow: int64(np * 4), b: b, bRow: row, depth: int64(depth),
						c: unsafe.Add(dx, (i*l.xRow+k)*4), cRow: int64(l.xRow * 4), accumulate: flag(o > 0 || s.Accumulate),
					}
					l.productTile(ws, min(p, l.n-i), cols, wide)
				}
			}
		}
	}})
}

// productSpace is a worker's memory for incomplete tiles.
type productSpace struct {
	arg  product
	b, c []float32
}

// copyB copies the last columns of w and pads them with zeros.
func (ws *productSpace) copyB(b unsafe.Pointer, row, cols, depth, wide int) unsafe.Pointer {
	clear(ws.b)
	for d := range depth {
		copy(ws.b[d*wide:][:cols], unsafe.Slice((*float32)(unsafe.Add(b, d*row*4)), cols))
	}
	return unsafe.Pointer(unsafe.SliceData(ws.b))
}

// productTile runs the tile. An incomplete one is computed in a buffer and copied.
func (l *linear) productTile(ws *productSpace, rows, cols, wide int) {
	a := &ws.arg
	if rows == l.k.pixels && cols == wide {
		l.k.product(a)
		return
	}
	c, accumulate := a.c, a.accumulate != 0
	a.c, a.cRow, a.accumulate = unsafe.Pointer(unsafe.SliceData(ws.c)), int64(wide*4), 0
	l.k.product(a)
	for r := range rows {
		to := unsafe.Slice((*float32)(unsafe.Add(c, r*l.xRow*4)), cols)
		for j, v := range ws.c[r*wide:][:cols] {
			if accumulate {
				v += to[j]
			}
			to[j] = v
		}
	}
}

// outerWidth is the number of inputs of a piece of a weight gradient: those of all images of
// the batch stay in the second-level cache.
const outerWidth = 960

// gradWeight is dw = dyᵀ·x, stored, or used at once to update the weights.
func (l *linear) gradWeight(s *device.Step, in, out []device.Memory) device.Kernel {
	x, dy, to := at(in[0], 0), at(in[1], 0), at(out[0], 0)
	var velocity unsafe.Pointer
	var attr device.SGDAttr
	var lr *float32
	if s.Kind == device.LinearUpdate {
		attr = s.Attr.(device.SGDAttr)
		if attr.Momentum == 0 || in[2] != out[0] || in[3] != out[1] {
			return nil
		}
		velocity, lr = at(in[3], 0), (*float32)(at(in[4], 0))
	}
	chunks := (l.xRow + outerWidth - 1) / outerWidth
	tall := l.k.outerRows
	perPiece := tall * max(1, l.out*chunks/(64*tall)/2)
	oPieces := (l.out + perPiece - 1) / perPiece
	args := make([]outer, l.d.pool.workers)
	return l.d.jobs(&job{pieces: chunks * oPieces, do: func(worker, piece int) {
		k0 := piece / oPieces * outerWidth
		k1 := min(l.xRow, k0+outerWidth)
		a := &args[worker]
		*a = outer{
			dyRow: int64(l.yRow * 4), xRow: int64(l.xRow * 4), images: int64(l.n), row: int64(l.xRow * 4),
			momentum: float32(attr.Momentum), decay: float32(attr.WeightDecay), nesterov: flag(attr.Nesterov),
		}
		if lr != nil {
			a.rate = *lr
		}
		last := min(l.out, (piece%oPieces+1)*perPiece)
		for o := piece % oPieces * perPiece; o < last; {
			rows, tiles := tall, &l.k.outer
			if last-o < tall {
				rows, tiles = 1, &l.k.outerRow
			}
			a.dy = unsafe.Add(dy, o*4)
			for k := k0; k < k1; {
				wide, tile := l.k.outerWide*lanes, tiles[0]
				if k1-k < wide {
					wide, tile = lanes, tiles[1]
				}
				a.x = unsafe.Add(x, k*4)
				place := (o*l.xRow + k) * 4
				a.w = unsafe.Add(to, place)
				if velocity != nil {
					a.v = unsafe.Add(velocity, place)
				}
				tile(a)
				k += wide
			}
			o += rows
		}
	}})
}
