//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/bfloat16"
)

// The fast kernels compute on float32. For operands stored as bfloat16, float32 copies in
// scratch memory are made before the kernel, and results are rounded from there after it.

// widenBlocks writes n blocks of 16 bfloat16 values from src to dst as float32.
//
//go:noescape
func widenBlocks(src, dst unsafe.Pointer, n int64)

// narrowBlocks writes n blocks of 16 float32 values from src to dst, each as the nearest
// bfloat16, ties to even; NaN stays NaN.
//
//go:noescape
func narrowBlocks(src, dst unsafe.Pointer, n int64)

// callBlocks is the number of blocks that one call converts, some 10 µs.
const callBlocks = 1 << 12

// narrow is bfloat16.Narrow.
func (d *Device) narrow(dst []uint16, src []float32) {
	n := d.convert(len(src), func(i, blocks int) {
		narrowBlocks(unsafe.Pointer(&src[i]), unsafe.Pointer(&dst[i]), int64(blocks))
	})
	bfloat16.Narrow(dst[n:], src[n:])
}

// widen is bfloat16.Widen.
func (d *Device) widen(dst []float32, src []uint16) {
	n := d.convert(len(src), func(i, blocks int) {
		widenBlocks(unsafe.Pointer(&src[i]), unsafe.Pointer(&dst[i]), int64(blocks))
	})
	bfloat16.Widen(dst[n:], src[n:])
}

// convert calls do for all complete blocks of n elements, and returns the number of their
// elements.
func (d *Device) convert(n int, do func(first, blocks int)) int {
	if !d.fast {
		return 0
	}
	for i := 0; i < n/lanes; i += callBlocks {
		do(i*lanes, min(callBlocks, n/lanes-i))
	}
	return n / lanes * lanes
}

// bindWidened binds the fast kernel of a step to float32 copies, in scratch memory, of the
// operands stored as bfloat16; nil if there is no fast kernel.
func (d *Device) bindWidened(s *device.Step, in, out []device.Memory, scratch device.Memory) device.Kernel {
	wide := asFloat32(s)
	next := scratch
	next.Offset += d.fastScratch(wide)
	place := func(t *device.Tensor, m device.Memory) device.Memory {
		if t.Storage() != device.BFloat16 {
			return m
		}
		m = next
		next.Offset += d.wideBytes(t)
		return m
	}
	k := &widened{}
	wideIn, wideOut := make([]device.Memory, len(in)), make([]device.Memory, len(out))
	for i, t := range s.In {
		wideIn[i] = place(t, in[i])
		if wideIn[i] != in[i] {
			k.before = append(k.before, d.widening(t, in[i], wideIn[i]))
		}
	}
	for i, t := range s.Out {
		wideOut[i] = place(t, out[i])
		if wideOut[i] == out[i] {
			continue
		}
		if s.Accumulate {
			k.before = append(k.before, d.widening(t, out[i], wideOut[i]))
		}
		k.after = append(k.after, d.narrowing(t, wideOut[i], out[i]))
	}
	if k.fast = d.bindNative(wide, wideIn, wideOut, scratch); k.fast == nil {
		return nil
	}
	k.pool = d.pool
	return k
}

// widened is a kernel between conversions.
type widened struct {
	pool          *pool
	before, after []*job
	fast          device.Kernel
}

// Run converts, computes, converts back.
func (k *widened) Run() {
	for _, j := range k.before {
		k.pool.run(j)
	}
	k.fast.Run()
	for _, j := range k.after {
		k.pool.run(j)
	}
}

// asFloat32 is the step with all operands stored in their own type.
func asFloat32(s *device.Step) *device.Step {
	wide := *s
	clone := func(tensors []*device.Tensor) (own []*device.Tensor) {
		for _, t := range tensors {
			c := *t
			c.Stored = 0
			own = append(own, &c)
		}
		return own
	}
	wide.In, wide.Out = clone(s.In), clone(s.Out)
	return &wide
}

// wideBytes is the size of a tensor's float32 copy.
func (d *Device) wideBytes(t *device.Tensor) int64 { return (int64(d.floats(t))*4 + 63) &^ 63 }

// widenedScratch is the working memory of bindWidened besides the fast kernel's.
func (d *Device) widenedScratch(s *device.Step) (total int64) {
	for _, tensors := range [2][]*device.Tensor{s.In, s.Out} {
		for _, t := range tensors {
			if t.Storage() == device.BFloat16 {
				total += d.wideBytes(t)
			}
		}
	}
	return total
}

// widening is a job that converts a tensor's memory to float32.
func (d *Device) widening(t *device.Tensor, from, to device.Memory) *job {
	n := d.floats(t)
	src, dst := span[uint16](from, n), f32(to, n)
	return inPieces(n, func(i, j int) { d.widen(dst[i:j], src[i:j]) })
}

// narrowing is the reverse of widening.
func (d *Device) narrowing(t *device.Tensor, from, to device.Memory) *job {
	n := d.floats(t)
	src, dst := f32(from, n), span[uint16](to, n)
	return inPieces(n, func(i, j int) { d.narrow(dst[i:j], src[i:j]) })
}

// inPieces is a job over n elements in pieces.
func inPieces(n int, do func(from, to int)) *job {
	const size = flatPiece * lanes
	return &job{pieces: (n + size - 1) / size, do: func(_, piece int) { do(piece*size, min(n, (piece+1)*size)) }}
}

// bindCast converts the storage type of parameters, all in one job.
func (d *Device) bindCast(s *device.Step, in, out []device.Memory) device.Kernel {
	var jobs []*job
	for i, t := range s.Out {
		if t.Storage() != device.BFloat16 || s.In[i].Storage() != device.Float32 || d.layoutOf(t) != d.layoutOf(s.In[i]) {
			return nil
		}
		jobs = append(jobs, d.narrowing(t, in[i], out[i]))
	}
	return d.jobs(together(jobs))
}

// together is one job with the pieces of several jobs.
func together(jobs []*job) *job {
	type part struct {
		job   *job
		piece int
	}
	var parts []part
	for _, j := range jobs {
		for i := range j.pieces {
			parts = append(parts, part{j, i})
		}
	}
	return &job{pieces: len(parts), do: func(worker, i int) { parts[i].job.do(worker, parts[i].piece) }}
}
