//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/geometry"
)

// gradPixels is the number of pixels whose products a gradient tile sums in one call,
// so that the inputs and gradients of a chunk stay in the first-level cache.
const gradPixels = 192

// weightGrad is the gradient of a convolution's weights: every block [tap][ib][ob] is a
// sum over pixels. Pieces are groups of blocks of outputs × groups of blocks of inputs ×
// splits of the pixels; splits have partial results, summed in order.
type weightGrad struct {
	k                *kernels
	g                geometry.Conv2D
	x, dy            unsafe.Pointer
	xPlane, dyPlane  int // bytes
	taps, ibs, obs   int
	groups, splits   int
	pixels, perSplit int
	partial          unsafe.Pointer // [splits][ob][tap][ib][16][16]
	size             int            // bytes of one partial
	add              bool           // accumulate; used directly if there is only one split
	workspace        []gradSpace
}

type gradSpace struct {
	places []int32 // [taps][gradPixels]
	arg    gradient
}

// gradSplits chooses the pieces by shape alone: at least 64, partial results of at
// most 8 MiB in all, at least two chunks of pixels each.
func gradSplits(k *kernels, g geometry.Conv2D) (groups, splits int) {
	obs, ibs := (blocks(g.O)+k.blocks-1)/k.blocks, blocks(g.C)
	size := g.KH * g.KW * blocks(g.O) * ibs * blockBytes
	pixels := g.N * g.OutH() * g.OutW()
	splits = 1
	for obs*splits < 64 && splits*2*size <= 8<<20 && pixels/(splits*2) >= 2*gradPixels {
		splits *= 2
	}
	groups = min(ibs, (64+obs*splits-1)/(obs*splits))
	return groups, splits
}

func (d *Device) gradScratch(g geometry.Conv2D) int64 {
	_, splits := gradSplits(d.kernels, g)
	if splits == 1 {
		return 0
	}
	return int64(g.KH*g.KW*blocks(g.O)*blocks(g.C)*blockBytes) * int64(splits)
}

func (d *Device) bindGradWeight(s *device.Step, g geometry.Conv2D, in, out []device.Memory, scratch device.Memory) device.Kernel {
	w := &weightGrad{
		k: d.kernels, g: g, x: at(in[0], 0), dy: at(in[1], 0), xPlane: planeFloats(s.In[0].Shape) * 4, dyPlane: planeFloats(s.In[1].Shape) * 4,
		taps: g.KH * g.KW, ibs: blocks(g.C), obs: blocks(g.O), pixels: g.N * g.OutH() * g.OutW(),
	}
	w.groups, w.splits = gradSplits(d.kernels, g)
	w.perSplit = (w.pixels + w.splits - 1) / w.splits
	w.size = w.taps * w.ibs * w.obs * blockBytes
	w.partial = at(out[0], 0)
	if w.splits > 1 {
		w.partial = at(scratch, 0)
	} else {
		w.add = s.Accumulate
	}
	for range d.pool.workers {
		w.workspace = append(w.workspace, gradSpace{places: make([]int32, w.taps*gradPixels)})
	}
	obGroups := (w.obs + w.k.blocks - 1) / w.k.blocks
	jobs := []*job{{pieces: obGroups * w.groups * w.splits, do: w.piece}}
	if w.splits > 1 {
		jobs = append(jobs, sumPartials(f32(out[0], w.size/4), w.partial, w.splits, s.Accumulate))
	}
	return d.jobs(jobs...)
}

// piece sums one split of the pixels for a group of blocks of outputs and one of inputs.
func (w *weightGrad) piece(worker, piece int) {
	// neighbouring pieces share their pixels
	obGroups := (w.obs + w.k.blocks - 1) / w.k.blocks
	ob := piece % obGroups * w.k.blocks
	group := piece / obGroups % w.groups
	split := piece / obGroups / w.groups
	n := min(w.k.blocks, w.obs-ob)
	ib0, ib1 := group*w.ibs/w.groups, (group+1)*w.ibs/w.groups
	partial := unsafe.Add(w.partial, split*w.size)
	first := split * w.perSplit
	last := min(first+w.perSplit, w.pixels)
	ws := &w.workspace[worker]
	a := &ws.arg
	for q := first; q < last; q += gradPixels {
		count := min(gradPixels, last-q)
		w.table(ws.places, q, count)
		dy := unsafe.Add(w.dy, ob*w.dyPlane+q*pixelBytes)
		for tap := range w.taps {
			for ib := ib0; ib < ib1; ib++ {
				dw := unsafe.Add(partial, ((ob*w.taps+tap)*w.ibs+ib)*blockBytes)
				*a = gradient{
					x: unsafe.Add(w.x, ib*w.xPlane), places: &ws.places[tap*gradPixels], dy: dy, dy2: unsafe.Add(dy, w.dyPlane),
					pixels: int64(count), dw: dw, dw2: unsafe.Add(dw, w.taps*w.ibs*blockBytes), accumulate: flag(q > first || w.add), rows: lanes,
				}
				w.k.grad[n](a)
			}
		}
	}
	if first >= last { // nothing to sum: the partial result is zero
		for b := range n {
			for tap := range w.taps {
				at := unsafe.Add(partial, (((ob+b)*w.taps+tap)*w.ibs+ib0)*blockBytes)
				clear(unsafe.Slice((*float32)(at), (ib1-ib0)*blockBytes/4))
			}
		}
	}
}

// table writes the places of the inputs that output pixels q to q+n read.
func (w *weightGrad) table(places []int32, q, n int) {
	g := w.g
	oh, ow := g.OutH(), g.OutW()
	pad := int32(g.N * g.H * g.W * pixelBytes)
	x, y, img := q%ow, q/ow%oh, q/ow/oh
	for i := range n {
		tap := i
		for kh := range g.KH {
			sy := y*g.StrideH + kh*g.DilationH - g.PadH
			row := (img*g.H + sy) * g.W
			for kw := range g.KW {
				sx := x*g.StrideW + kw*g.DilationW - g.PadW
				o := pad
				if uint(sy) < uint(g.H) && uint(sx) < uint(g.W) {
					o = int32((row + sx) * pixelBytes)
				}
				places[tap] = o
				tap += gradPixels
			}
		}
		if x++; x == ow {
			x = 0
			if y++; y == oh {
				y = 0
				img++
			}
		}
	}
}

// sumPartials writes the sum of the partial results, added in order of index, to out; with
// add, it adds the sum to out.
func sumPartials(out []float32, partial unsafe.Pointer, splits int, add bool) *job {
	n := len(out)
	dst := unsafe.Pointer(unsafe.SliceData(out))
	return flat(n/lanes, func(from, count int) {
		to, next := unsafe.Add(dst, from*pixelBytes), 0
		sum := to
		if !add {
			sum, next = unsafe.Add(partial, from*pixelBytes), 1
		}
		for ; next < splits; next++ {
			addBlocks(sum, unsafe.Add(partial, next*n*4+from*pixelBytes), to, int64(count), 0)
			sum = to
		}
	})
}
