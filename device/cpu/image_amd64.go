//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

// A network's first convolution reads images of few channels, row-major NCHW. They are
// first copied to a frame: pixels in order, the channels of each adjacent, with a border of
// zeros around each image. A row of a kernel then reads one run of adjacent floats, and the
// windows of neighbouring output pixels are a constant step apart.

// frame is the copy of the images.
type frame struct {
	g            geometry.Conv2D
	rows, row    int     // of an image; floats of one
	taps, run    int     // runs of a window, floats of one
	places       []int64 // of each run from the window's first pixel, in bytes
	patch, bytes int     // floats of a window; bytes of the frame, including padding that kernels read past its end
}

func newFrame(g geometry.Conv2D) *frame {
	f := &frame{g: g, rows: g.H + 2*g.PadH, row: (g.W + 2*g.PadW) * g.C, taps: g.KH, run: g.KW * g.C}
	if g.DilationW > 1 {
		f.taps, f.run = g.KH*g.KW, g.C
	}
	for k := range f.taps {
		kh, kw := k, 0
		if f.taps > g.KH {
			kh, kw = k/g.KW, k%g.KW
		}
		f.places = append(f.places, int64((kh*g.DilationH*f.row+kw*g.DilationW*g.C)*4))
	}
	f.patch = f.taps * f.run
	past := mostPixels*g.StrideW*g.C + f.run + lanes
	f.bytes = ((g.N*f.rows*f.row+past)*4 + 63) &^ 63
	return f
}

// fill is a job that copies the images x to the frame.
func (f *frame) fill(x []float32, dst unsafe.Pointer) *job {
	g := f.g
	to := unsafe.Slice((*float32)(dst), g.N*f.rows*f.row)
	const perPiece = 16 // rows
	pieces := (g.N*f.rows + perPiece - 1) / perPiece
	return &job{pieces: pieces, do: func(_, piece int) {
		for r := piece * perPiece; r < min(g.N*f.rows, (piece+1)*perPiece); r++ {
			row := to[r*f.row : (r+1)*f.row]
			clear(row)
			n, y := r/f.rows, r%f.rows-g.PadH
			if uint(y) >= uint(g.H) {
				continue
			}
			for c := range g.C {
				from := x[((n*g.C+c)*g.H+y)*g.W:][:g.W]
				inside := row[g.PadW*g.C+c:]
				for i, v := range from {
					inside[i*g.C] = v
				}
			}
		}
	}}
}

// window is the place of an output pixel's window in the frame, in bytes.
func (f *frame) window(n, y, x int) int {
	return ((n*f.rows+y*f.g.StrideH)*f.row + x*f.g.StrideW*f.g.C) * 4
}

// panel is the size of the weights of one block of outputs in bytes.
func (f *frame) panel() int { return f.patch * pixelBytes }

// packWeights rearranges [ob][tap][16 inputs][16 outputs] to [ob][tap][input][16 outputs].
func (f *frame) packWeights(w, to unsafe.Pointer) *job {
	g := f.g
	taps := g.KH * g.KW
	return &job{pieces: blocks(g.O), do: func(_, ob int) {
		dst := unsafe.Slice((*float32)(unsafe.Add(to, ob*f.panel())), f.patch*lanes)
		src := unsafe.Slice((*float32)(unsafe.Add(w, ob*taps*blockBytes)), taps*lanes*lanes)
		for tap := range taps {
			copy(dst[tap*g.C*lanes:(tap+1)*g.C*lanes], src[tap*lanes*lanes:])
		}
	}}
}

// imageScratch is the working memory of a convolution of images: the frame, and the
// weights or the partial gradients.
func imageScratch(s *device.Step, g geometry.Conv2D) int64 {
	f := newFrame(g)
	if s.Kind == device.Conv2D {
		return int64(f.bytes + f.panel()*blocks(g.O))
	}
	return int64(f.bytes + imageSplits(g)*f.partial())
}

// imageConv computes tiles of a row's pixels.
type imageConv struct {
	*frame
	k            *kernels
	src          unsafe.Pointer // the frame
	dst, bias, w unsafe.Pointer
	end          ending
	dstPlane     int
	perPiece     int // rows of outputs
	workspace    []stripSpace
}

type stripSpace struct {
	result unsafe.Pointer
	arg    strip
}

func (d *Device) bindImageConv(s *device.Step, a device.ConvAttr, in, out []device.Memory, scratch device.Memory) device.Kernel {
	if d.layoutOf(s.In[0]) != plain || d.layoutOf(s.Out[0]) != maps {
		return nil
	}
	g := a.Conv2D
	c := &imageConv{
		frame: newFrame(g), k: d.kernels, src: at(scratch, 0), dst: at(out[0], 0), end: *d.endingOf(a.Act), dstPlane: planeFloats(s.Out[0].Shape) * 4,
	}
	c.w = unsafe.Add(c.src, c.bytes)
	if a.Bias {
		c.bias = at(in[2], 0)
	}
	rows := g.N * g.OutH()
	c.perPiece = max(1, min(rows/64, 2048/g.OutW()))
	for w := range d.pool.workers {
		c.workspace = append(c.workspace, stripSpace{result: d.workspace(w, c.k.blocks*c.k.pixels*pixelBytes)})
	}
	return d.jobs(c.fill(f32(in[0], s.In[0].Elements()), c.src), c.packWeights(at(in[1], 0), c.w),
		&job{pieces: (rows + c.perPiece - 1) / c.perPiece, do: c.piece}, d.padPixels(s.Out[0], out[0]))
}

// piece computes some rows of outputs. A row's last tile overlaps the one before, so that it
// is complete; a row shorter than a tile is computed in a buffer and copied.
func (c *imageConv) piece(worker, piece int) {
	g, ws := c.g, &c.workspace[worker]
	a := &ws.arg
	*a = strip{
		step: int64(g.StrideW * g.C * 4), places: &c.places[0], taps: int64(c.taps), run: int64(c.run), panel: int64(c.panel()), relu: c.end.clip,
	}
	oh, ow, obs := g.OutH(), g.OutW(), blocks(g.O)
	for r := piece * c.perPiece; r < min(g.N*oh, (piece+1)*c.perPiece); r++ {
		for x := 0; x < ow; x += c.k.pixels {
			first := max(0, min(x, ow-c.k.pixels))
			a.src = unsafe.Add(c.src, c.window(r/oh, r%oh, first))
			for ob := 0; ob < obs; ob += c.k.blocks {
				n := min(c.k.blocks, obs-ob)
				a.weights = unsafe.Add(c.w, ob*c.panel())
				if c.bias != nil {
					a.bias = unsafe.Add(c.bias, ob*pixelBytes)
				}
				dst := unsafe.Add(c.dst, ob*c.dstPlane+(r*ow+first)*pixelBytes)
				if ow >= c.k.pixels {
					a.dst, a.dst2 = dst, unsafe.Add(dst, c.dstPlane)
					c.k.strip[n](a)
					for b := range n {
						c.end.apply(unsafe.Add(dst, b*c.dstPlane), int64(c.k.pixels))
					}
					continue
				}
				a.dst, a.dst2 = ws.result, unsafe.Add(ws.result, c.k.pixels*pixelBytes)
				c.k.strip[n](a)
				c.end.apply(ws.result, int64(n*c.k.pixels))
				for b := range n {
					from := unsafe.Slice((*float32)(unsafe.Add(ws.result, b*c.k.pixels*pixelBytes)), ow*lanes)
					copy(unsafe.Slice((*float32)(unsafe.Add(dst, b*c.dstPlane)), ow*lanes), from)
				}
			}
		}
	}
}

// imageSplits is the number of partial gradients, by shape alone.
func imageSplits(g geometry.Conv2D) int {
	return max(1, min(64, g.N*g.OutH()*g.OutW()/(2*gradPixels)))
}

// runBlocks is the number of blocks of 16 floats in a run.
func (f *frame) runBlocks() int { return blocks(f.run) }

// partial is the size of one partial gradient in bytes.
func (f *frame) partial() int { return blocks(f.g.O) * f.taps * f.runBlocks() * blockBytes }

// imageGrad is the weight gradient from a frame: partial sums over splits of the
// pixels, [split][ob][tap][block of the run][16][16].
type imageGrad struct {
	*frame
	k              *kernels
	src, dy, sums  unsafe.Pointer
	dyPlane        int
	splits, pixels int
	workspace      []imageSpace
}

type imageSpace struct {
	places []int32
	arg    gradient
}

func (d *Device) bindImageGradWeight(s *device.Step, g geometry.Conv2D, in, out []device.Memory, scratch device.Memory) device.Kernel {
	f := newFrame(g)
	if d.layoutOf(s.In[0]) != plain || d.layoutOf(s.In[1]) != maps || f.bytes > 1<<31-1 {
		return nil
	}
	w := &imageGrad{
		frame: f, k: d.kernels, src: at(scratch, 0), dy: at(in[1], 0), dyPlane: planeFloats(s.In[1].Shape) * 4,
		splits: imageSplits(g), pixels: g.N * g.OutH() * g.OutW(),
	}
	w.sums = unsafe.Add(w.src, f.bytes)
	for range d.pool.workers {
		w.workspace = append(w.workspace, imageSpace{places: make([]int32, gradPixels)})
	}
	return d.jobs(f.fill(f32(in[0], s.In[0].Elements()), w.src), &job{pieces: w.splits, do: w.piece}, w.join(f32(out[0], d.floats(s.Out[0]))))
}

func (w *imageGrad) piece(worker, split int) {
	g, ws := w.g, &w.workspace[worker]
	a := &ws.arg
	obs, rb := blocks(g.O), w.runBlocks()
	first, last := split*w.pixels/w.splits, (split+1)*w.pixels/w.splits
	for q := first; q < last; q += gradPixels {
		n := min(gradPixels, last-q)
		for i := range n {
			x, r := (q+i)%g.OutW(), (q+i)/g.OutW()
			ws.places[i] = int32(w.window(r/g.OutH(), r%g.OutH(), x))
		}
		for ob := 0; ob < obs; ob += w.k.blocks {
			dy := unsafe.Add(w.dy, ob*w.dyPlane+q*pixelBytes)
			for tap, place := range w.places {
				for b := range rb {
					dw := unsafe.Add(w.sums, split*w.partial()+((ob*w.taps+tap)*rb+b)*blockBytes)
					*a = gradient{
						x: unsafe.Add(w.src, int(place)+b*pixelBytes), places: &ws.places[0], dy: dy, dy2: unsafe.Add(dy, w.dyPlane),
						pixels: int64(n), dw: dw, dw2: unsafe.Add(dw, w.taps*rb*blockBytes), accumulate: flag(q > first),
						rows: int64(min(lanes, w.run-b*lanes)),
					}
					w.k.grad[min(w.k.blocks, obs-ob)](a)
				}
			}
		}
	}
}

// join sums the partial gradients in order into [ob][tap][16 inputs][16 outputs].
func (w *imageGrad) join(out []float32) *job {
	taps := w.g.KH * w.g.KW
	size := w.partial() / 4
	partial := unsafe.Slice((*float32)(w.sums), size*w.splits)
	return &job{pieces: blocks(w.g.O) * taps, do: func(_, piece int) {
		ob, tap := piece/taps, piece%taps
		block := out[piece*lanes*lanes:][:lanes*lanes]
		clear(block)
		for split := range w.splits {
			for c := range w.g.C {
				k := tap*w.g.C + c // of the patch
				row := (ob*w.taps+k/w.run)*w.runBlocks()*lanes + k%w.run
				from := partial[split*size+row*lanes:][:lanes]
				to := block[c*lanes:][:lanes]
				for i, v := range from {
					to[i] += v
				}
			}
		}
	}}
}
