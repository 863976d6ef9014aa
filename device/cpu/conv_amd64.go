//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

// A convolution's output pixels are one sequence over rows and images, cut into tiles
// of equal length, so that small maps waste nothing (layout.go describes maps). A tap is
// one position (kh, kw) of the kernel. For each tap a tile reads as many input pixels as it
// has output pixels. Where these are adjacent in memory it reads them in place; else, at
// borders and with strides, they are first copied to adjacent memory, and a pixel outside
// the image is a copy of the plane's pad pixel, which is zero. The tile kernels are in
// tiles_amd64.go. The gradient of the input is computed by the same code, as a convolution of
// the output's gradient.

// class is the output pixels that share their taps: those with one residue modulo the stride
// in the gradient of the input, all pixels in the forward pass. Pixel (i, j) of the class is
// output pixel (i·step + y0, j·step + x0), and reads input pixel (i·stride + dy, j·stride + dx)
// for each tap.
type class struct {
	y0, x0, rows, cols int
	taps               []tapPlace
	first              int // index of its first tile
}

// tapPlace is a tap's place in the input, in pixels, and in a block's weights, in bytes.
type tapPlace struct{ dy, dx, w int }

// conv is a convolution, forward or the gradient of the input, cut into tiles.
type conv struct {
	k                  *kernels
	n                  int // images
	srcH, srcW         int
	dstH, dstW         int
	stride, step       [2]int
	srcPlane, dstPlane int // bytes
	icBlocks, ocBlocks int
	classes            []class
	tiles              int

	src, dst, w, bias unsafe.Pointer
	panel             int // bytes of the weights of one block of outputs
	accumulate        bool
	end               ending

	chunk     int // blocks of inputs that are summed at a time
	perPiece  int // tiles of a piece
	ocPieces  int // pieces over groups of blocks of outputs
	workspace []convSpace
}

// convSpace is a worker's memory for a piece.
type convSpace struct {
	taps    []tap            // [tile][tap]
	weights []unsafe.Pointer // [tap]
	pixels  []pixel          // of a tile
	places  []int32
	copies  unsafe.Pointer // [tile][tap][block][pixel][16]
	result  unsafe.Pointer // [block of outputs][pixel][16]
	to      []int64        // [tile][pixel]: places of the results
	arg     tile
	gather  gather
}

type pixel struct{ n, y, x int }

// Pieces are cut so that a piece's copied inputs and the weights of two blocks of
// outputs stay in the second-level cache.
const (
	weightBytes = 160 << 10
	copyBytes   = 384 << 10
	mostTiles   = 8
)

// newConv makes the job of a convolution whose classes and places are filled in.
func (d *Device) newConv(c *conv) *job {
	c.k = d.kernels
	most := 1
	for i := range c.classes {
		c.classes[i].first = c.tiles
		c.tiles += (c.n*c.classes[i].rows*c.classes[i].cols + c.k.pixels - 1) / c.k.pixels
		most = max(most, len(c.classes[i].taps))
	}
	c.chunk = min(c.icBlocks, max(1, weightBytes/(most*blockBytes*c.k.blocks)))
	even := (c.icBlocks + c.chunk - 1) / c.chunk
	c.chunk = (c.icBlocks + even - 1) / even
	tileBytes := most * c.chunk * c.k.pixels * pixelBytes
	c.perPiece = max(1, min(mostTiles, copyBytes/tileBytes))
	groups := (c.ocBlocks + c.k.blocks - 1) / c.k.blocks
	for c.perPiece > 1 && (c.tiles+c.perPiece-1)/c.perPiece*groups < 64 {
		c.perPiece--
	}
	tilePieces := (c.tiles + c.perPiece - 1) / c.perPiece
	c.ocPieces = min(groups, max(1, (63+tilePieces)/tilePieces))
	for w := range d.pool.workers {
		copies := d.workspace(w, c.perPiece*tileBytes+c.k.blocks*c.k.pixels*pixelBytes)
		c.workspace = append(c.workspace, convSpace{
			taps: make([]tap, c.perPiece*most), weights: make([]unsafe.Pointer, most),
			pixels: make([]pixel, c.k.pixels), places: make([]int32, c.k.pixels), to: make([]int64, c.perPiece*c.k.pixels),
			copies: copies, result: unsafe.Add(copies, c.perPiece*tileBytes),
		})
	}
	return &job{pieces: tilePieces * c.ocPieces, do: c.piece}
}

// piece computes some tiles for some blocks of outputs.
func (c *conv) piece(worker, piece int) {
	groups := (c.ocBlocks + c.k.blocks - 1) / c.k.blocks
	first := piece / c.ocPieces * c.perPiece
	last := min(first+c.perPiece, c.tiles)
	g0 := piece % c.ocPieces * groups / c.ocPieces
	g1 := (piece%c.ocPieces + 1) * groups / c.ocPieces
	ws := &c.workspace[worker]
	for i := range c.classes {
		cl := &c.classes[i]
		end := c.tiles
		if i+1 < len(c.classes) {
			end = c.classes[i+1].first
		}
		if from, to := max(first, cl.first), min(last, end); from < to {
			c.run(ws, cl, from-cl.first, to-cl.first, g0, g1)
		}
	}
}

// run computes tiles from to to of a class for groups g0 to g1 of blocks of outputs.
func (c *conv) run(ws *convSpace, cl *class, from, to, g0, g1 int) {
	taps := len(cl.taps)
	if taps == 0 {
		if !c.accumulate {
			c.clear(ws, cl, from, to, g0, g1)
		}
		return
	}
	for ib := 0; ib < c.icBlocks; ib += c.chunk {
		n := min(c.chunk, c.icBlocks-ib)
		for t := from; t < to; t++ {
			c.prepare(ws, cl, t, t-from, ib, n)
		}
		a := &ws.arg
		*a = tile{
			count: int64(taps), blocks: int64(n), wStep: int64(c.panel), weights: unsafe.SliceData(ws.weights),
			accumulate: flag(c.accumulate || ib > 0),
		}
		final := ib+n == c.icBlocks
		var end ending
		if final {
			end = c.end
		}
		a.relu = end.clip
		for g := g0; g < g1; g++ {
			ob := g * c.k.blocks
			blocks := min(c.k.blocks, c.ocBlocks-ob)
			for i, t := range cl.taps {
				ws.weights[i] = unsafe.Add(c.w, ob*c.panel+t.w+ib*blockBytes)
			}
			if final && c.bias != nil {
				a.bias = unsafe.Add(c.bias, ob*pixelBytes)
			}
			for t := from; t < to; t++ {
				a.taps = &ws.taps[(t-from)*taps]
				c.tile(ws, cl, t, t-from, ob, blocks, end)
			}
		}
	}
}

// clear writes the zeros of a class without taps, which occurs in the gradient of the input
// if the stride is larger than the kernel.
func (c *conv) clear(ws *convSpace, cl *class, from, to, g0, g1 int) {
	for t := from; t < to; t++ {
		c.prepare(ws, cl, t, 0, 0, 0)
		count := min(c.k.pixels, c.n*cl.rows*cl.cols-t*c.k.pixels)
		for ob := g0 * c.k.blocks; ob < min(g1*c.k.blocks, c.ocBlocks); ob++ {
			dst := unsafe.Add(c.dst, ob*c.dstPlane)
			for _, at := range ws.to[:count] {
				*(*[lanes]float32)(unsafe.Add(dst, at)) = [lanes]float32{}
			}
		}
	}
}

// prepare computes the addresses that tile t reads and writes; i is its index in the piece.
func (c *conv) prepare(ws *convSpace, cl *class, t, i, ib, n int) {
	total := c.n * cl.rows * cl.cols
	count := min(c.k.pixels, total-t*c.k.pixels)
	minY, maxY, minX, maxX := c.srcH, -1, c.srcW, -1
	q := t * c.k.pixels
	x, y, img := q%cl.cols, q/cl.cols%cl.rows, q/cl.cols/cl.rows
	for p := range count {
		sy, sx := y*c.stride[0], x*c.stride[1]
		ws.pixels[p] = pixel{img * c.srcH, sy, sx}
		minY, maxY, minX, maxX = min(minY, sy), max(maxY, sy), min(minX, sx), max(maxX, sx)
		ws.to[i*c.k.pixels+p] = int64(((img*c.dstH+y*c.step[0]+cl.y0)*c.dstW + x*c.step[1] + cl.x0) * pixelBytes)
		if x++; x == cl.cols {
			x = 0
			if y++; y == cl.rows {
				y = 0
				img++
			}
		}
	}
	adjacent := count == c.k.pixels && cl.rows == c.srcH && cl.cols == c.srcW && c.stride == [2]int{1, 1}
	src := unsafe.Add(c.src, ib*c.srcPlane)
	for k := range cl.taps {
		place := &cl.taps[k]
		to := &ws.taps[i*len(cl.taps)+k]
		if adjacent && minY+place.dy >= 0 && maxY+place.dy < c.srcH && minX+place.dx >= 0 && maxX+place.dx < c.srcW {
			*to = tap{unsafe.Add(src, (q+place.dy*c.srcW+place.dx)*pixelBytes), int64(c.srcPlane)}
			continue
		}
		*to = tap{unsafe.Add(ws.copies, (i*len(cl.taps)+k)*c.chunk*c.k.pixels*pixelBytes), int64(c.k.pixels * pixelBytes)}
		c.copyTap(ws, place, count, src, to.src, n)
	}
}

// copyTap copies the pixels that a tap reads to adjacent memory.
func (c *conv) copyTap(ws *convSpace, place *tapPlace, count int, src, dst unsafe.Pointer, n int) {
	pad := int32(c.n * c.srcH * c.srcW * pixelBytes)
	for p := range ws.places {
		ws.places[p] = pad
		if p >= count {
			continue
		}
		at := &ws.pixels[p]
		sy, sx := at.y+place.dy, at.x+place.dx
		if uint(sy) < uint(c.srcH) && uint(sx) < uint(c.srcW) {
			ws.places[p] = int32(((at.n+sy)*c.srcW + sx) * pixelBytes)
		}
	}
	ws.gather = gather{src: src, places: unsafe.SliceData(ws.places), plane: int64(c.srcPlane), dst: dst, planes: int64(n)}
	c.k.gather(&ws.gather)
}

// tile computes tile t for the blocks of outputs from ob on.
func (c *conv) tile(ws *convSpace, cl *class, t, i, ob, blocks int, end ending) {
	a := &ws.arg
	dst := unsafe.Add(c.dst, ob*c.dstPlane)
	count := min(c.k.pixels, c.n*cl.rows*cl.cols-t*c.k.pixels)
	to := ws.to[i*c.k.pixels:][:count]
	if count == c.k.pixels && c.step == [2]int{1, 1} {
		a.dst = unsafe.Add(dst, to[0])
		a.dst2 = unsafe.Add(a.dst, c.dstPlane)
		c.k.conv[blocks](a)
		for b := range blocks {
			end.apply(unsafe.Add(a.dst, b*c.dstPlane), int64(count))
		}
		return
	}
	a.dst = ws.result
	a.dst2 = unsafe.Add(ws.result, c.k.pixels*pixelBytes)
	for b := range blocks {
		from := unsafe.Add(dst, b*c.dstPlane)
		near := unsafe.Add(ws.result, b*c.k.pixels*pixelBytes)
		for p, at := range to {
			if a.accumulate != 0 {
				*(*[lanes]float32)(unsafe.Add(near, p*pixelBytes)) = *(*[lanes]float32)(unsafe.Add(from, at))
			}
		}
	}
	c.k.conv[blocks](a)
	end.apply(ws.result, int64(blocks*c.k.pixels))
	for b := range blocks {
		from := unsafe.Add(dst, b*c.dstPlane)
		near := unsafe.Add(ws.result, b*c.k.pixels*pixelBytes)
		for p, at := range to {
			*(*[lanes]float32)(unsafe.Add(from, at)) = *(*[lanes]float32)(unsafe.Add(near, p*pixelBytes))
		}
	}
}

// bindConv binds the convolutions of maps without groups. Images of few channels, which are
// not maps, have kernels of their own: image_amd64.go.
func (d *Device) bindConv(s *device.Step, in, out []device.Memory, scratch device.Memory) device.Kernel {
	a := s.Attr.(device.ConvAttr)
	if a.Groups != 1 || !d.convLayouts(s) || d.endingOf(a.Act) == nil {
		return nil
	}
	switch s.Kind {
	case device.Conv2D:
		if d.layoutOf(s.In[0]) != maps {
			return d.bindImageConv(s, a, in, out, scratch)
		}
		return d.jobs(d.newConv(d.forward(s, a, in, out)), d.padPixels(s.Out[0], out[0]))
	case device.Conv2DGradInput:
		if d.layoutOf(s.Out[0]) != maps {
			return nil
		}
		return d.jobs(d.transposeWeights(a.Conv2D, in[1], scratch), d.newConv(d.backward(s, a.Conv2D, in, out, scratch)), d.padPixels(s.Out[0], out[0]))
	}
	if d.layoutOf(s.In[0]) != maps {
		return d.bindImageGradWeight(s, a.Conv2D, in, out, scratch)
	}
	return d.bindGradWeight(s, a.Conv2D, in, out, scratch)
}

// convLayouts reports whether the weights or their gradient have layout weights, and the
// other operands, except images, have layout maps.
func (d *Device) convLayouts(s *device.Step) bool {
	x, w, y := s.In[0], s.In[1], s.Out[0]
	switch s.Kind {
	case device.Conv2DGradInput:
		x, y = y, x
	case device.Conv2DGradWeight:
		w, y = y, w
	}
	return d.layoutOf(x) != weights && d.layoutOf(w) == weights && d.layoutOf(y) == maps
}

func (d *Device) forward(s *device.Step, a device.ConvAttr, in, out []device.Memory) *conv {
	g := a.Conv2D
	c := &conv{
		n: g.N, srcH: g.H, srcW: g.W, dstH: g.OutH(), dstW: g.OutW(),
		stride: [2]int{g.StrideH, g.StrideW}, step: [2]int{1, 1},
		srcPlane: planeFloats(s.In[0].Shape) * 4, dstPlane: planeFloats(s.Out[0].Shape) * 4,
		icBlocks: blocks(g.C), ocBlocks: blocks(g.O),
		src: at(in[0], 0), dst: at(out[0], 0), w: at(in[1], 0),
		panel: g.KH * g.KW * blocks(g.C) * blockBytes, end: *d.endingOf(a.Act),
	}
	if a.Bias {
		c.bias = at(in[2], 0)
	}
	all := class{rows: g.OutH(), cols: g.OutW()}
	for kh := range g.KH {
		for kw := range g.KW {
			all.taps = append(all.taps, tapPlace{
				dy: kh*g.DilationH - g.PadH, dx: kw*g.DilationW - g.PadW, w: (kh*g.KW + kw) * blocks(g.C) * blockBytes,
			})
		}
	}
	c.classes = []class{all}
	return c
}

// backward is the convolution that computes dx from dy. Tap (kh, kw) adds to input pixel
// (y, x) from output pixel ((y + pad - kh·dilation)/stride, …) if that is an integer, so there
// is a class for each pair of remainders of y and x modulo the stride.
func (d *Device) backward(s *device.Step, g geometry.Conv2D, in, out []device.Memory, scratch device.Memory) *conv {
	c := &conv{
		n: g.N, srcH: g.OutH(), srcW: g.OutW(), dstH: g.H, dstW: g.W,
		stride: [2]int{1, 1}, step: [2]int{g.StrideH, g.StrideW},
		srcPlane: planeFloats(s.In[0].Shape) * 4, dstPlane: planeFloats(s.Out[0].Shape) * 4,
		icBlocks: blocks(g.O), ocBlocks: blocks(g.C),
		src: at(in[0], 0), dst: at(out[0], 0), w: at(scratch, 0),
		panel: g.KH * g.KW * blocks(g.O) * blockBytes, accumulate: s.Accumulate,
	}
	for ry := range min(g.StrideH, g.H) {
		for rx := range min(g.StrideW, g.W) {
			cl := class{y0: ry, x0: rx, rows: (g.H - ry + g.StrideH - 1) / g.StrideH, cols: (g.W - rx + g.StrideW - 1) / g.StrideW}
			for kh := range g.KH {
				for kw := range g.KW {
					fy, fx := ry+g.PadH-kh*g.DilationH, rx+g.PadW-kw*g.DilationW
					if fy%g.StrideH == 0 && fx%g.StrideW == 0 {
						cl.taps = append(cl.taps, tapPlace{dy: fy / g.StrideH, dx: fx / g.StrideW, w: (kh*g.KW + kw) * blocks(g.O) * blockBytes})
					}
				}
			}
			c.classes = append(c.classes, cl)
		}
	}
	return c
}

// transposeWeights rearranges [ob][tap][ib][16 inputs][16 outputs] to
// [ib][tap][ob][16 outputs][16 inputs] in scratch.
func (d *Device) transposeWeights(g geometry.Conv2D, w, scratch device.Memory) *job {
	taps, ibs, obs := g.KH*g.KW, blocks(g.C), blocks(g.O)
	from, to := at(w, 0), at(scratch, 0)
	perPiece := max(1, 32/taps)
	obPieces := (obs + perPiece - 1) / perPiece
	return &job{pieces: ibs * obPieces, do: func(_, piece int) {
		ib := piece / obPieces
		for ob := piece % obPieces * perPiece; ob < min(obs, (piece%obPieces+1)*perPiece); ob++ {
			for tap := range taps {
				transposeBlock(unsafe.Add(from, ((ob*taps+tap)*ibs+ib)*blockBytes), unsafe.Add(to, ((ib*taps+tap)*obs+ob)*blockBytes))
			}
		}
	}}
}

// padPixels is a job that clears the pad pixel of each plane of maps.
func (d *Device) padPixels(t *device.Tensor, m device.Memory) *job {
	plane := planeFloats(t.Shape)
	all := f32(m, d.floats(t))
	return &job{pieces: 1, do: func(int, int) {
		for end := plane; end <= len(all); end += plane {
			clear(all[end-lanes : end])
		}
	}}
}
