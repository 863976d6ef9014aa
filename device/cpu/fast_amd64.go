//go:build amd64 && !noasm && !purego

package cpu

import (
	"math"
	"slices"
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

const (
	pixelBytes = lanes * 4         // a pixel's 16 channels
	blockBytes = lanes * lanes * 4 // a block of 16 × 16 weights
)

// kernelsOf chooses the tiles of an instruction set.
func kernelsOf(isa string) *kernels {
	switch isa {
	case "avx512":
		return &avx512
	case "avx2":
		return &avx2
	}
	return nil
}

func (d *Device) jobs(jobs ...*job) device.Kernel { return &sequence{d.pool, jobs} }

// workspace is a worker's memory that kernels use while they run, of at least the given size.
// Kernels bound earlier keep the memory they have; Close frees all of it.
func (d *Device) workspace(worker, bytes int) unsafe.Pointer {
	for len(d.work) <= worker {
		d.work = append(d.work, nil)
	}
	if len(d.work[worker]) < bytes {
		m, err := allocate(max(bytes, 1<<20))
		if err != nil {
			panic(shortage{err}) // Bind returns it
		}
		d.owned = append(d.owned, m)
		d.work[worker] = m
	}
	return unsafe.Pointer(unsafe.SliceData(d.work[worker]))
}

// Scratch is the working memory of the fast kernels, and of their operands' float32 copies.
func (d *Device) Scratch(s *device.Step) int64 {
	switch {
	case !d.fastOperands(s):
		return 0
	case d.native(s):
		return d.fastScratch(s)
	}
	wide := asFloat32(s)
	return d.fastScratch(wide) + d.widenedScratch(s)
}

// native reports whether the fast kernel reads and writes operands in their storage types.
func (d *Device) native(s *device.Step) bool {
	half := func(t *device.Tensor) bool { return t.Storage() == device.BFloat16 }
	return s.Kind == device.Cast || !slices.ContainsFunc(s.In, half) && !slices.ContainsFunc(s.Out, half)
}

// fastScratch is the working memory of a fast kernel on float32, a multiple of 64 bytes.
func (d *Device) fastScratch(s *device.Step) int64 {
	switch a := s.Attr.(type) {
	case device.ConvAttr:
		return (d.convScratch(s, a) + 63) &^ 63
	}
	if s.Kind == device.LinearGradInput {
		return int64(d.gradInputScratch(s)+63) &^ 63
	}
	return 0
}

func (d *Device) convScratch(s *device.Step, a device.ConvAttr) int64 {
	if a.Groups != 1 {
		return 0
	}
	switch s.Kind {
	case device.Conv2D:
		if d.layoutOf(s.In[0]) != maps {
			return imageScratch(s, a.Conv2D)
		}
		return 0
	case device.Conv2DGradInput:
		return int64(a.KH * a.KW * blocks(a.O) * blocks(a.C) * blockBytes)
	}
	if d.layoutOf(s.In[0]) != maps {
		return imageScratch(s, a.Conv2D)
	}
	return d.gradScratch(a.Conv2D)
}

// bindFast returns the fast kernel of a step, or nil if there is none.
func (d *Device) bindFast(s *device.Step, in, out []device.Memory, scratch device.Memory) device.Kernel {
	if !d.native(s) {
		return d.bindWidened(s, in, out, scratch)
	}
	return d.bindNative(s, in, out, scratch)
}

// bindNative is bindFast for operands whose storage types the kernels read and write.
func (d *Device) bindNative(s *device.Step, in, out []device.Memory, scratch device.Memory) device.Kernel {
	for _, operands := range [2][]*device.Tensor{s.In, s.Out} {
		for _, t := range operands {
			if d.layoutOf(t) == maps && planeFloats(t.Shape) > math.MaxInt32/4 {
				return nil // places within a plane are 32-bit
			}
		}
	}
	switch s.Kind {
	case device.Conv2D, device.Conv2DGradInput, device.Conv2DGradWeight:
		return d.bindConv(s, in, out, scratch)
	case device.Linear, device.LinearGradInput, device.LinearGradWeight, device.LinearUpdate:
		return d.bindLinear(s, in, out, scratch)
	case device.BatchNormStats, device.BatchNormUpdate, device.BatchNormApply, device.BatchNormGradStats, device.BatchNormGradInput, device.BatchNormEvalGradInput:
		if d.allMaps(s) {
			return d.bindBatchNorm(s, in, out)
		}
	case device.Row, device.RunningStat, device.BatchNormPack:
		return d.bindStatistics(s, in, out)
	case device.Activate, device.ActivateGrad, device.Add:
		return d.bindFlat(s, in, out)
	case device.BiasAdd, device.ChannelSum:
		return d.bindBias(s, in, out)
	case device.SGD:
		return d.bindSGD(s, in, out)
	case device.Lerp, device.SquareLerp, device.AdamWeight:
		return d.bindAverage(s, in, out)
	case device.SumSquares:
		return d.bindSumSquares(s, in, out)
	case device.MaxPool, device.MaxPoolGrad, device.AvgPool, device.AvgPoolGrad, device.AdaptiveAvgPool, device.AdaptiveAvgPoolGrad:
		return d.bindPool(s, in, out)
	case device.Reshape:
		return d.bindReshape(s, in, out)
	case device.Cast:
		return d.bindCast(s, in, out)
	case device.Dropout:
		return d.bindDropout(s, in, out)
	case device.Softmax, device.SoftmaxCrossEntropy, device.SoftmaxCrossEntropyGrad, device.ArgMax, device.ClassificationLoss:
		return d.bindLoss(s, in, out)
	}
	if s.Kind.Elementwise() {
		return d.bindElementwise(s, in, out)
	}
	return nil
}

// allMaps reports whether there are operands of four axes and all of them have layout maps.
func (d *Device) allMaps(s *device.Step) bool {
	found := false
	for _, operands := range [2][]*device.Tensor{s.In, s.Out} {
		for _, t := range operands {
			if len(t.Shape) != 4 {
				continue
			}
			if d.layoutOf(t) != maps {
				return false
			}
			found = true
		}
	}
	return found
}

// at is the address of element i of a place.
func at(m device.Memory, i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(m.Buffer.(*buffer).bytes)), m.Offset+int64(i)*4)
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// flatPiece is the number of 16-float blocks that a piece of a flat pass covers:
// 64 KiB, some 10 µs.
const flatPiece = 1024

// flat is a job over n blocks in pieces.
func flat(n int, do func(from, count int)) *job {
	return &job{pieces: (n + flatPiece - 1) / flatPiece, do: func(_, piece int) {
		from := piece * flatPiece
		do(from, min(flatPiece, n-from))
	}}
}

// bindFlat is an elementwise step over operands of one layout. It computes the padding, too,
// which stays zero.
func (d *Device) bindFlat(s *device.Step, in, out []device.Memory) device.Kernel {
	t := s.Out[0]
	for _, i := range s.In {
		if d.layoutOf(i) != d.layoutOf(t) || len(i.Shape) != len(t.Shape) {
			return nil
		}
	}
	n := d.floats(t)
	if n%lanes != 0 {
		return nil
	}
	x, z := at(in[0], 0), at(out[0], 0)
	step := func(p unsafe.Pointer, from int) unsafe.Pointer { return unsafe.Add(p, from*pixelBytes) }
	if a, ok := s.Attr.(device.ActAttr); ok {
		act, found := d.kernels.act[a.Act]
		if !found {
			return nil
		}
		if s.Kind == device.Activate {
			return d.jobs(flat(n/lanes, func(from, count int) { act.value(step(x, from), step(z, from), int64(count)) }))
		}
		dy := at(in[1], 0)
		return d.jobs(flat(n/lanes, func(from, count int) { act.grad(step(x, from), step(dy, from), step(z, from), int64(count)) }))
	}
	y, end := at(in[1], 0), d.endingOf(s.Attr.(device.AddAttr).Act)
	if end == nil {
		return nil
	}
	return d.jobs(flat(n/lanes, func(from, count int) {
		addBlocks(step(x, from), step(y, from), step(z, from), int64(count), end.clip)
		end.apply(step(z, from), int64(count))
	}))
}

// bindSGD updates a parameter, and its velocity if there is one, in one pass.
func (d *Device) bindSGD(s *device.Step, in, out []device.Memory) device.Kernel {
	a := s.Attr.(device.SGDAttr)
	n := d.floats(s.In[0])
	g := len(s.In) - 2
	if n%lanes != 0 || in[0] != out[0] {
		return nil
	}
	for _, t := range s.In[1 : g+1] {
		if d.layoutOf(t) != d.layoutOf(s.In[0]) {
			return nil
		}
	}
	w, grad, lr := at(in[0], 0), at(in[g], 0), (*float32)(at(in[g+1], 0))
	if a.Momentum == 0 {
		return d.jobs(flat(n/lanes, func(from, count int) {
			weights := unsafe.Slice((*float32)(unsafe.Add(w, from*pixelBytes)), count*lanes)
			gradients := unsafe.Slice((*float32)(unsafe.Add(grad, from*pixelBytes)), count*lanes)
			ref.SGDWeight(a, weights, gradients, *lr, nil, weights)
		}))
	}
	if in[1] != out[1] {
		return nil
	}
	v, nesterov := at(in[1], 0), flag(a.Nesterov)
	return d.jobs(flat(n/lanes, func(from, count int) {
		c := [3]float32{float32(a.Momentum), float32(a.WeightDecay), *lr}
		sgdBlocks(unsafe.Add(w, from*pixelBytes), unsafe.Add(v, from*pixelBytes), unsafe.Add(grad, from*pixelBytes), int64(count), &c, nesterov)
	}))
}

// bindStatistics runs the small steps on rows of C channels on one worker.
func (d *Device) bindStatistics(s *device.Step, in, out []device.Memory) device.Kernel {
	c := padded(s.Out[0].Shape[len(s.Out[0].Shape)-1])
	y := f32(out[0], d.floats(s.Out[0]))
	var do func()
	switch s.Kind {
	case device.Row:
		x := f32(in[0], d.floats(s.In[0]))[s.Attr.(device.RowAttr).Row*c:][:c]
		do = func() { copy(y, x) }
	case device.BatchNormPack:
		mean, variance := f32(in[0], c), f32(in[1], c)
		do = func() { copy(y[copy(y, mean):], variance) }
	default:
		r := newRunning(s.Attr.(device.RunningStatAttr), in[0], in[1], out[0], c)
		do = func() { r.move(0, c) }
	}
	return d.jobs(&job{pieces: 1, do: func(int, int) { do() }})
}

// bindElementwise runs device/ref in pieces, directly on operands of one layout. It serves
// elementwise kinds without a fast kernel, such as updates that the engine did not fuse.
func (d *Device) bindElementwise(s *device.Step, in, out []device.Memory) device.Kernel {
	n := d.floats(s.Out[0])
	float := func(list []*device.Tensor, at []device.Memory) (operands [][]float32) {
		for i, t := range list {
			operands = append(operands, f32(at[i], d.floats(t)))
		}
		return operands
	}
	for _, list := range [2][]*device.Tensor{s.In, s.Out} {
		for _, t := range list {
			if t.DType != device.Float32 || len(t.Shape) > 0 && d.layoutOf(t) != d.layoutOf(s.Out[0]) {
				return nil
			}
		}
	}
	if s.Accumulate {
		return nil
	}
	pieces := ref.Elementwise(s, float(s.In, in), float(s.Out, out), n, flatPiece*lanes)
	return d.jobs(&job{pieces: len(pieces), do: func(_, piece int) { pieces[piece]() }})
}

// bindAverage runs moving averages, and AdamW's update from two of them.
func (d *Device) bindAverage(s *device.Step, in, out []device.Memory) device.Kernel {
	n := d.floats(s.Out[0])
	for _, t := range s.In {
		if len(t.Shape) > 0 && d.layoutOf(t) != d.layoutOf(s.Out[0]) {
			return nil
		}
	}
	if n%lanes != 0 {
		return nil
	}
	x, y, z := at(in[0], 0), at(in[1], 0), at(out[0], 0)
	step := func(p unsafe.Pointer, from int) unsafe.Pointer { return unsafe.Add(p, from*pixelBytes) }
	if a, ok := s.Attr.(device.AdamAttr); ok {
		v, lr, number := at(in[2], 0), (*float32)(at(in[3], 0)), (*float32)(at(in[4], 0))
		return d.jobs(flat(n/lanes, func(from, count int) {
			keep, size, root := ref.AdamFactors(a, float64(*lr), float64(*number))
			c := [4]float32{float32(keep), float32(size), float32(root), float32(a.Eps)}
			adamBlocks(step(x, from), step(y, from), step(v, from), step(z, from), int64(count), &c)
		}))
	}
	weight := s.Attr.(device.LerpAttr).Weight
	if s.Kind == device.SquareLerp {
		keep, take := float32(1-weight), float32(weight)
		return d.jobs(flat(n/lanes, func(from, count int) {
			squareLerpBlocks(step(x, from), step(y, from), step(z, from), int64(count), keep, take)
		}))
	}
	return d.jobs(flat(n/lanes, func(from, count int) {
		lerpBlocks(step(x, from), step(y, from), step(z, from), int64(count), float32(weight))
	}))
}

// bindSumSquares sums pieces of each operand, then the pieces in order, as ref.SumSquares
// does. Padding is zero and adds nothing.
func (d *Device) bindSumSquares(s *device.Step, in, out []device.Memory) device.Kernel {
	type part struct{ operand, piece int }
	var parts []part
	xs := make([][]float32, len(in))
	for i, t := range s.In {
		xs[i] = f32(in[i], d.floats(t))
		for piece := range ref.SumPieces(len(xs[i])) {
			parts = append(parts, part{i, piece})
		}
	}
	partial, y := make([]float64, len(parts)), f32(out[0], 1)
	return d.jobs(
		&job{pieces: len(parts), do: func(_, i int) { partial[i] = ref.SumSquaresPiece(xs[parts[i].operand], parts[i].piece) }},
		&job{pieces: 1, do: func(int, int) {
			total, sum := 0.0, 0.0
			for i, p := range partial {
				if parts[i].piece == 0 {
					total, sum = total+sum, 0
				}
				sum += p
			}
			y[0] = float32(total + sum)
		}})
}
