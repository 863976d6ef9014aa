//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

// A network's first convolution reads images of few channels, row-major NCHW. Its
// inputs are gathered into patches: one "channel" for each tap and channel, in blocks
// of 16, so that the same tiles multiply them.

// patchBlocks is the number of blocks of a patch.
func patchBlocks(g geometry.Conv2D) int { return blocks(g.KH * g.KW * g.C) }

// imagePanel is the size of the weights of one block of outputs in bytes.
func imagePanel(g geometry.Conv2D) int { return patchBlocks(g) * blockBytes }

// patches writes the patches of n output pixels from q on as [block][pixel][16], the
// pixels of a block being stride pixels apart.
func patches(g geometry.Conv2D, x []float32, q, n, stride int, dst unsafe.Pointer) {
	oh, ow := g.OutH(), g.OutW()
	px, py, img := q%ow, q/ow%oh, q/ow/oh
	kb := patchBlocks(g)
	for p := range n {
		for b := range kb {
			*(*[lanes]float32)(unsafe.Add(dst, (b*stride+p)*pixelBytes)) = [lanes]float32{}
		}
		k := 0
		for kh := range g.KH {
			sy := py*g.StrideH + kh*g.DilationH - g.PadH
			for kw := range g.KW {
				sx := px*g.StrideW + kw*g.DilationW - g.PadW
				if uint(sy) >= uint(g.H) || uint(sx) >= uint(g.W) {
					k += g.C
					continue
				}
				from := (img*g.C*g.H+sy)*g.W + sx
				for range g.C {
					*(*float32)(unsafe.Add(dst, (k/lanes*stride+p)*pixelBytes+k%lanes*4)) = x[from]
					from += g.H * g.W
					k++
				}
			}
		}
		if px++; px == ow {
			px = 0
			if py++; py == oh {
				py = 0
				img++
			}
		}
	}
}

// packImageWeights rearranges [ob][tap][16 inputs][16 outputs] to [ob][patch][16 outputs].
func packImageWeights(g geometry.Conv2D, w, scratch device.Memory) *job {
	taps, kb := g.KH*g.KW, patchBlocks(g)
	from, to := at(w, 0), at(scratch, 0)
	return &job{pieces: blocks(g.O), do: func(_, ob int) {
		dst := unsafe.Slice((*float32)(unsafe.Add(to, ob*kb*blockBytes)), kb*lanes*lanes)
		src := unsafe.Slice((*float32)(unsafe.Add(from, ob*taps*blockBytes)), taps*lanes*lanes)
		clear(dst)
		for tap := range taps {
			copy(dst[tap*g.C*lanes:], src[tap*lanes*lanes:][:g.C*lanes])
		}
	}}
}

// imageConv computes tiles from patches.
type imageConv struct {
	k               *kernels
	g               geometry.Conv2D
	x               []float32
	dst, bias, w    unsafe.Pointer
	relu            bool
	kb, obs, pixels int
	dstPlane, tiles int
	perPiece        int
	workspace       []convSpace
}

func (d *Device) bindImageConv(s *device.Step, a device.ConvAttr, in, out []device.Memory, scratch device.Memory) device.Kernel {
	if d.layoutOf(s.In[0]) != plain || d.layoutOf(s.Out[0]) != maps {
		return nil
	}
	g := a.Conv2D
	c := &imageConv{
		k: d.kernels, g: g, x: f32(in[0], s.In[0].Elements()), dst: at(out[0], 0), w: at(scratch, 0), relu: a.ReLU,
		kb: patchBlocks(g), obs: blocks(g.O), pixels: g.N * g.OutH() * g.OutW(), dstPlane: planeFloats(s.Out[0].Shape) * 4,
	}
	if a.Bias {
		c.bias = at(in[2], 0)
	}
	c.tiles = (c.pixels + c.k.pixels - 1) / c.k.pixels
	c.perPiece = max(1, min(8, c.tiles/64))
	for w := range d.pool.workers {
		copies := d.workspace(w, (c.kb+c.k.blocks)*c.k.pixels*pixelBytes)
		c.workspace = append(c.workspace, convSpace{
			taps: make([]tap, 1), weights: make([]unsafe.Pointer, 1), copies: copies, result: unsafe.Add(copies, c.kb*c.k.pixels*pixelBytes),
		})
	}
	return d.jobs(packImageWeights(g, in[1], scratch), &job{pieces: (c.tiles + c.perPiece - 1) / c.perPiece, do: c.piece}, d.padPixels(s.Out[0], out[0]))
}

func (c *imageConv) piece(worker, piece int) {
	ws := &c.workspace[worker]
	a := &ws.arg
	panel := c.kb * blockBytes
	ws.taps[0] = tap{ws.copies, int64(c.k.pixels * pixelBytes)}
	*a = tile{
		taps: &ws.taps[0], count: 1, blocks: int64(c.kb), wStep: int64(panel), weights: &ws.weights[0], relu: flag(c.relu),
	}
	for t := piece * c.perPiece; t < min(c.tiles, (piece+1)*c.perPiece); t++ {
		q := t * c.k.pixels
		n := min(c.k.pixels, c.pixels-q)
		patches(c.g, c.x, q, n, c.k.pixels, ws.copies)
		for ob := 0; ob < c.obs; ob += c.k.blocks {
			count := min(c.k.blocks, c.obs-ob)
			ws.weights[0] = unsafe.Add(c.w, ob*panel)
			if c.bias != nil {
				a.bias = unsafe.Add(c.bias, ob*pixelBytes)
			}
			dst := unsafe.Add(c.dst, ob*c.dstPlane+q*pixelBytes)
			a.dst, a.dst2 = dst, unsafe.Add(dst, c.dstPlane)
			if n < c.k.pixels {
				a.dst, a.dst2 = ws.result, unsafe.Add(ws.result, c.k.pixels*pixelBytes)
			}
			c.k.conv[count](a)
			for b := 0; n < c.k.pixels && b < count; b++ {
				from := unsafe.Slice((*float32)(unsafe.Add(ws.result, b*c.k.pixels*pixelBytes)), n*lanes)
				copy(unsafe.Slice((*float32)(unsafe.Add(dst, b*c.dstPlane)), n*lanes), from)
			}
		}
	}
}

// imageSplits is the number of partial gradients, by shape alone.
func imageSplits(g geometry.Conv2D) int {
	return max(1, min(64, g.N*g.OutH()*g.OutW()/(2*gradPixels)))
}

// imageGrad is the weight gradient from patches: partial sums over splits of the
// pixels, [split][ob][block][16][16].
type imageGrad struct {
	k                                *kernels
	g                                geometry.Conv2D
	x                                []float32
	dy, partial                      unsafe.Pointer
	dyPlane, kb, obs, splits, pixels int
	places                           []int32
	workspace                        []imageSpace
}

type imageSpace struct {
	patches unsafe.Pointer
	arg     gradient
}

func (d *Device) bindImageGradWeight(s *device.Step, g geometry.Conv2D, in, out []device.Memory, scratch device.Memory) device.Kernel {
	if d.layoutOf(s.In[0]) != plain || d.layoutOf(s.In[1]) != maps {
		return nil
	}
	w := &imageGrad{
		k: d.kernels, g: g, x: f32(in[0], s.In[0].Elements()), dy: at(in[1], 0), partial: at(scratch, 0), dyPlane: planeFloats(s.In[1].Shape) * 4,
		kb: patchBlocks(g), obs: blocks(g.O), splits: imageSplits(g), pixels: g.N * g.OutH() * g.OutW(), places: make([]int32, gradPixels),
	}
	for i := range w.places {
		w.places[i] = int32(i * pixelBytes)
	}
	for i := range d.pool.workers {
		w.workspace = append(w.workspace, imageSpace{patches: d.workspace(i, w.kb*gradPixels*pixelBytes)})
	}
	return d.jobs(&job{pieces: w.splits, do: w.piece}, w.join(f32(out[0], d.floats(s.Out[0]))))
}

func (w *imageGrad) piece(worker, split int) {
	ws := &w.workspace[worker]
	a := &ws.arg
	first, last := split*w.pixels/w.splits, (split+1)*w.pixels/w.splits
	for q := first; q < last; q += gradPixels {
		n := min(gradPixels, last-q)
		patches(w.g, w.x, q, n, gradPixels, ws.patches)
		for ob := 0; ob < w.obs; ob += w.k.blocks {
			dy := unsafe.Add(w.dy, ob*w.dyPlane+q*pixelBytes)
			for b := range w.kb {
				dw := unsafe.Add(w.partial, ((split*w.obs+ob)*w.kb+b)*blockBytes)
				*a = gradient{
					x: unsafe.Add(ws.patches, b*gradPixels*pixelBytes), places: &w.places[0], dy: dy, dy2: unsafe.Add(dy, w.dyPlane),
					pixels: int64(n), dw: dw, dw2: unsafe.Add(dw, w.kb*blockBytes), accumulate: flag(q > first),
				}
				w.k.grad[min(w.k.blocks, w.obs-ob)](a)
			}
		}
	}
}

// join sums the partial gradients in order into [ob][tap][16 inputs][16 outputs].
func (w *imageGrad) join(out []float32) *job {
	taps := w.g.KH * w.g.KW
	size := w.obs * w.kb * lanes * lanes
	partial := unsafe.Slice((*float32)(w.partial), size*w.splits)
	return &job{pieces: w.obs * taps, do: func(_, piece int) {
		ob, tap := piece/taps, piece%taps
		block := out[piece*lanes*lanes:][:lanes*lanes]
		clear(block)
		for split := range w.splits {
			for c := range w.g.C {
				from := partial[split*size+ob*w.kb*lanes*lanes+(tap*w.g.C+c)*lanes:][:lanes]
				to := block[c*lanes:][:lanes]
				for i, v := range from {
					to[i] += v
				}
			}
		}
	}}
}
