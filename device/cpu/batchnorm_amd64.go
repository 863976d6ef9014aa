//go:build amd64 && !noasm && !purego

package cpu

import (
	"math"
	"unsafe"

	"github.com/euryale-ml/euryale/device"
)

// sumPixels is the number of pixels of a block of channels in a piece. A piece is summed in
// float32, so it is short for accuracy; the pieces' sums are added in float64 in order.
const sumPixels = 1024

// sumPieces are the partial sums of maps: pieces of pixels × blocks of channels.
type sumPieces struct {
	plane, pixels    int // floats of a plane, pixels in it
	blocks, perBlock int // pieces of a block
	partial          []partialSum
}

// partialSum holds the sums of a piece, for 16 channels.
type partialSum struct{ shift, sum, other [lanes]float32 }

func newSumPieces(shape []int) *sumPieces {
	p := &sumPieces{plane: planeFloats(shape), pixels: shape[0] * shape[2] * shape[3], blocks: blocks(shape[1])}
	p.perBlock = (p.pixels + sumPixels - 1) / sumPixels
	p.partial = make([]partialSum, p.blocks*p.perBlock)
	return p
}

// job calls do for each piece with the worker, the offset of its first pixel in bytes and its
// number of pixels.
func (p *sumPieces) job(do func(worker int, sum *partialSum, block, offset int, pixels int64)) *job {
	return &job{pieces: len(p.partial), do: func(worker, piece int) {
		block, first := piece/p.perBlock, piece%p.perBlock*sumPixels
		do(worker, &p.partial[piece], block, (block*p.plane+first*lanes)*4, int64(min(sumPixels, p.pixels-first)))
	}}
}

// join is a job that calls do for each block of channels with its pieces in order.
func (p *sumPieces) join(do func(block int, parts []partialSum)) *job {
	perPiece := max(1, 256/p.perBlock)
	return &job{pieces: (p.blocks + perPiece - 1) / perPiece, do: func(_, piece int) {
		for b := piece * perPiece; b < min(p.blocks, (piece+1)*perPiece); b++ {
			do(b, p.partial[b*p.perBlock:(b+1)*p.perBlock])
		}
	}}
}

// pixelsOf is the number of pixels of piece i.
func (p *sumPieces) pixelsOf(i int) float64 { return float64(min(sumPixels, p.pixels-i*sumPixels)) }

// total sums a part over the pieces in float64.
func total(parts []partialSum, l int) (sum, other float64) {
	for i := range parts {
		sum += float64(parts[i].sum[l])
		other += float64(parts[i].other[l])
	}
	return sum, other
}

func (d *Device) bindBatchNorm(s *device.Step, in, out []device.Memory) device.Kernel {
	a, _ := s.Attr.(device.BatchNormAttr)
	switch s.Kind {
	case device.BatchNormStats, device.BatchNormUpdate:
		return d.bindBatchNormStats(s, in, out)
	case device.BatchNormApply:
		return d.bindBatchNormApply(s, a, in, out)
	case device.BatchNormGradStats:
		return d.bindBatchNormGradStats(s, a, in, out)
	}
	return d.bindBatchNormGradInput(s, a, in, out)
}

// shiftPixels is the number of first pixels whose mean is subtracted before a piece is summed.
// It is large enough that a single outlier among them costs no accuracy.
const shiftPixels = 128

// bindBatchNormStats sums each piece about the mean of its first pixels, and joins the
// pieces' means and squares as Chan, Golub and LeVeque (1979) do: a mean far from zero
// costs no accuracy. BatchNormUpdate then updates the running statistics.
func (d *Device) bindBatchNormStats(s *device.Step, in, out []device.Memory) device.Kernel {
	c := padded(s.In[0].Shape[1])
	x, stats := at(in[0], 0), f32(out[0], 2*c)
	var update []*running
	if a, ok := s.Attr.(device.BatchNormUpdateAttr); ok {
		update = []*running{newRunning(a.Mean, in[1], out[0], out[1], c), newRunning(a.Variance, in[2], out[0], out[2], c)}
	}
	p := newSumPieces(s.In[0].Shape)
	sum := p.job(func(_ int, sum *partialSum, _, offset int, pixels int64) {
		from := unsafe.Add(x, offset)
		few := min(pixels, shiftPixels)
		sum.shift = [lanes]float32{}
		sums(from, few, &sum.shift[0], &sum.sum[0], &sum.other[0])
		for l, v := range sum.sum {
			sum.shift[l] = v / float32(few)
		}
		sums(from, pixels, &sum.shift[0], &sum.sum[0], &sum.other[0])
	})
	return d.jobs(sum, p.join(func(block int, parts []partialSum) {
		for l := range lanes {
			var count, mean, squares float64
			for i := range parts {
				n := p.pixelsOf(i)
				sum := float64(parts[i].sum[l])
				m := float64(parts[i].shift[l]) + sum/n
				delta := m - mean
				squares += float64(parts[i].other[l]) - sum*sum/n + delta*delta*count*n/(count+n)
				count += n
				mean += delta * n / count
			}
			stats[block*lanes+l], stats[c+block*lanes+l] = float32(mean), float32(max(squares/count, 0))
		}
		for _, r := range update {
			r.move(block*lanes, (block+1)*lanes)
		}
	}))
}

// running is a running statistic and the row of the batch's statistics that updates it.
type running struct {
	from, to, stat []float32
	keep, take     float32
}

func newRunning(a device.RunningStatAttr, from, stats, to device.Memory, c int) *running {
	return &running{
		from: f32(from, c), to: f32(to, c), stat: f32(stats, 2*c)[a.Row*c:][:c],
		keep: float32(1 - a.Momentum), take: float32(a.Momentum * a.Scale),
	}
}

// move updates channels i to j.
func (r *running) move(i, j int) {
	for ; i < j; i++ {
		r.to[i] = r.keep*r.from[i] + r.take*r.stat[i]
	}
}

func (d *Device) bindBatchNormApply(s *device.Step, a device.BatchNormAttr, in, out []device.Memory) device.Kernel {
	end := d.endingOf(a.Act)
	if end == nil {
		return nil
	}
	c := padded(s.In[0].Shape[1])
	x, y := at(in[0], 0), at(out[0], 0)
	n := normalization{stats: f32(in[1], 2*c), gamma: f32(in[2], c), beta: f32(in[3], c), eps: a.Eps}
	var residual unsafe.Pointer
	if a.Residual {
		residual = at(in[4], 0)
	}
	p := newSumPieces(s.In[0].Shape)
	return d.jobs(p.job(func(_ int, _ *partialSum, block, offset int, pixels int64) {
		k := n.constants(block)
		end.inParts(offset, pixels, func(offset int, pixels int64) {
			r := residual
			if r != nil {
				r = unsafe.Add(r, offset)
			}
			to := unsafe.Add(y, offset)
			normalize(unsafe.Add(x, offset), r, to, pixels, &k, end.clip)
			end.apply(to, pixels)
		})
	}), d.padPixels(s.Out[0], out[0]))
}

// normalization is (x - mean)·γ/σ + β channel by channel; beta may be nil.
type normalization struct {
	stats, gamma, beta []float32
	eps                float64
}

// constants are a block's mean, γ/σ and β.
func (n *normalization) constants(block int) (k [3][lanes]float32) {
	c := len(n.stats) / 2
	for l := range lanes {
		i := block*lanes + l
		k[0][l], k[1][l], k[2][l] = n.stats[i], float32(float64(n.gamma[i])/math.Sqrt(float64(n.stats[c+i])+n.eps)), n.beta[i]
	}
	return k
}

// outerGrad computes dy, the operand of a batch normalisation's gradient, where an activation
// after the normalisation is fused with it.
type outerGrad struct {
	dy unsafe.Pointer // gradient of the activation's result, or of the normalisation's without one
	// y is the result of a ReLU, or nil. The passes read its sign themselves.
	y unsafe.Pointer
	// grad is the gradient kernel of any other activation, or nil. Its operand, the
	// normalisation's result, is computed again from x.
	grad  func(v, dy, dx unsafe.Pointer, n int64)
	x     unsafe.Pointer
	of    normalization
	place []unsafe.Pointer // memory for the result of a piece, by worker
}

// newOuterGrad reads the step's additional operands, which follow the kind's own; ok is
// false if there is no fast kernel.
func (d *Device) newOuterGrad(s *device.Step, a device.BatchNormAttr, in []device.Memory) (g *outerGrad, ok bool) {
	g = &outerGrad{of: normalization{eps: a.Eps}}
	c := padded(s.In[0].Shape[1])
	row := func(i int) []float32 { return f32(in[i], c) }
	var rest int // the first additional operand
	switch s.Kind {
	case device.BatchNormGradStats:
		g.x, g.dy, g.of.stats, rest = at(in[0], 0), at(in[1], 0), f32(in[2], 2*c), 3
	case device.BatchNormGradInput:
		g.x, g.dy, g.of.gamma, g.of.stats, rest = at(in[0], 0), at(in[1], 0), row(2), f32(in[3], 2*c), 5
	default:
		g.dy, g.of.gamma, g.of.stats, rest = at(in[0], 0), row(1), f32(in[2], 2*c), 3
	}
	switch a.Act {
	case device.None:
		return g, true
	case device.ReLU:
		g.y = at(in[rest], 0)
		return g, true
	}
	if g.x == nil {
		g.x = at(in[rest], 0)
		rest++
	}
	if g.of.gamma == nil {
		g.of.gamma = row(rest)
		rest++
	}
	g.of.beta = row(rest)
	g.grad = d.kernels.act[a.Act].grad
	for w := range d.pool.workers {
		g.place = append(g.place, d.workspace(w, sumPixels*pixelBytes))
	}
	return g, g.grad != nil
}

// piece returns dy for some pixels of a block, and the y whose sign masks it, or nil.
func (g *outerGrad) piece(worker, block, offset int, pixels int64) (dy, y unsafe.Pointer) {
	dy = unsafe.Add(g.dy, offset)
	if g.y != nil {
		return dy, unsafe.Add(g.y, offset)
	}
	if g.grad == nil {
		return dy, nil
	}
	k, v := g.of.constants(block), g.place[worker]
	normalize(unsafe.Add(g.x, offset), nil, v, pixels, &k, 0)
	g.grad(v, dy, v, pixels)
	return v, nil
}

func (d *Device) bindBatchNormGradStats(s *device.Step, a device.BatchNormAttr, in, out []device.Memory) device.Kernel {
	g, ok := d.newOuterGrad(s, a, in)
	if !ok {
		return nil
	}
	c := padded(s.In[0].Shape[1])
	stats, result := g.of.stats, f32(out[0], 2*c)
	p := newSumPieces(s.In[0].Shape)
	sum := p.job(func(worker int, sum *partialSum, block, offset int, pixels int64) {
		dy, y := g.piece(worker, block, offset, pixels)
		gradSums(unsafe.Add(g.x, offset), dy, y, pixels, &stats[block*lanes], &sum.sum[0], &sum.other[0])
	})
	return d.jobs(sum, p.join(func(block int, parts []partialSum) {
		for l := range lanes {
			i := block*lanes + l
			sum, product := total(parts, l)
			result[i], result[c+i] = float32(sum), float32(product/math.Sqrt(float64(stats[c+i])+a.Eps))
		}
	}))
}

// bindBatchNormGradInput is dx = γ/σ·(dy - Σdy/n - x̂·Σ(dy·x̂)/n) in training, and
// γ/σ·dy in evaluation, where the statistics are constants.
func (d *Device) bindBatchNormGradInput(s *device.Step, a device.BatchNormAttr, in, out []device.Memory) device.Kernel {
	g, ok := d.newOuterGrad(s, a, in)
	if !ok {
		return nil
	}
	c := padded(s.Out[0].Shape[1])
	dx, x := at(out[0], 0), g.dy // in evaluation the factor of x is 0; any valid address will do
	var sums []float32
	if s.Kind == device.BatchNormGradInput {
		x, sums = g.x, f32(in[4], 2*c)
	}
	gamma, stats := g.of.gamma, g.of.stats
	p := newSumPieces(s.Out[0].Shape)
	n := float64(p.pixels)
	return d.jobs(p.job(func(worker int, _ *partialSum, block, offset int, pixels int64) {
		var k [4][lanes]float32
		for l := range lanes {
			i := block*lanes + l
			inverse := 1 / math.Sqrt(float64(stats[c+i])+a.Eps)
			scale := float64(gamma[i]) * inverse
			k[1][l] = float32(scale)
			if sums != nil {
				k[0][l] = stats[i]
				k[2][l], k[3][l] = float32(-scale*inverse*float64(sums[c+i])/n), float32(-scale*float64(sums[i])/n)
			}
		}
		dy, y := g.piece(worker, block, offset, pixels)
		normalizeGrad(unsafe.Add(x, offset), dy, y, unsafe.Add(dx, offset), pixels, &k)
	}), d.padPixels(s.Out[0], out[0]))
}

// bindBias adds a bias to maps or rows, or sums them over everything but channels.
func (d *Device) bindBias(s *device.Step, in, out []device.Memory) device.Kernel {
	if d.layoutOf(s.In[0]) == rows {
		return d.bindRowBias(s, in, out)
	}
	if d.layoutOf(s.In[0]) != maps {
		return nil
	}
	c := padded(s.In[0].Shape[1])
	x := at(in[0], 0)
	p := newSumPieces(s.In[0].Shape)
	if s.Kind == device.ChannelSum {
		result := f32(out[0], c)
		sum := p.job(func(_ int, sum *partialSum, _, offset int, pixels int64) {
			sum.shift = [lanes]float32{}
			sums(unsafe.Add(x, offset), pixels, &sum.shift[0], &sum.sum[0], &sum.other[0])
		})
		return d.jobs(sum, p.join(func(block int, parts []partialSum) {
			for l := range lanes {
				sum, _ := total(parts, l)
				if s.Accumulate {
					sum += float64(result[block*lanes+l])
				}
				result[block*lanes+l] = float32(sum)
			}
		}))
	}
	y, bias := at(out[0], 0), f32(in[1], c)
	end := d.endingOf(s.Attr.(device.BiasAttr).Act)
	if end == nil {
		return nil
	}
	return d.jobs(p.job(func(_ int, _ *partialSum, block, offset int, pixels int64) {
		var k [3][lanes]float32
		for l := range lanes {
			k[1][l], k[2][l] = 1, bias[block*lanes+l]
		}
		end.inParts(offset, pixels, func(offset int, pixels int64) {
			to := unsafe.Add(y, offset)
			normalize(unsafe.Add(x, offset), nil, to, pixels, &k, end.clip)
			end.apply(to, pixels)
		})
	}), d.padPixels(s.Out[0], out[0]))
}
