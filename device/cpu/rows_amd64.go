//go:build amd64 && !noasm && !purego

package cpu

import (
	"unsafe"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/ref"
)

// bindRowBias adds a bias to each row, or sums the rows.
func (d *Device) bindRowBias(s *device.Step, in, out []device.Memory) device.Kernel {
	if len(s.In[0].Shape) != 2 {
		return nil
	}
	n, c := s.In[0].Shape[0], padded(s.In[0].Shape[1])
	x, y := at(in[0], 0), at(out[0], 0)
	if s.Kind == device.BiasAdd {
		bias, end := at(in[1], 0), d.endingOf(s.Attr.(device.BiasAttr).Act)
		if end == nil {
			return nil
		}
		return d.jobs(&job{pieces: n, do: func(_, i int) {
			row := unsafe.Add(y, i*c*4)
			addBlocks(unsafe.Add(x, i*c*4), bias, row, int64(c/lanes), end.clip)
			end.apply(row, int64(c/lanes))
		}})
	}
	const width = 16 // blocks of a piece
	return d.jobs(&job{pieces: (c/lanes + width - 1) / width, do: func(_, piece int) {
		from := piece * width * pixelBytes
		count := min(width, c/lanes-piece*width)
		sum := unsafe.Add(y, from)
		copy(unsafe.Slice((*float32)(sum), count*lanes), unsafe.Slice((*float32)(unsafe.Add(x, from)), count*lanes))
		for i := 1; i < n; i++ {
			addBlocks(sum, unsafe.Add(x, i*c*4+from), sum, int64(count), 0)
		}
	}})
}

// bindReshape copies activations between maps [N, C, H, W] and rows [N, C·H·W].
func (d *Device) bindReshape(s *device.Step, in, out []device.Memory) device.Kernel {
	from, to := s.In[0], s.Out[0]
	if d.layoutOf(from) == maps && d.layoutOf(to) == rows && len(to.Shape) == 2 && to.Shape[0] == from.Shape[0] {
		m := newFlattening(from.Shape)
		x, y := f32(in[0], d.floats(from)), f32(out[0], d.floats(to))
		return d.jobs(&job{pieces: m.n, do: func(_, image int) {
			row := y[image*m.row : (image+1)*m.row]
			clear(row[m.c*m.pixels:])
			for c := range m.c {
				src := x[m.place(image, c):]
				for p := range m.pixels {
					row[c*m.pixels+p] = src[p*lanes]
				}
			}
		}})
	}
	if d.layoutOf(from) == rows && d.layoutOf(to) == maps && len(from.Shape) == 2 && to.Shape[0] == from.Shape[0] {
		m := newFlattening(to.Shape)
		x, y := f32(in[0], d.floats(from)), f32(out[0], d.floats(to))
		return d.jobs(&job{pieces: m.n, do: func(_, image int) {
			row := x[image*m.row:]
			for c := range padded(m.c) {
				dst := y[m.place(image, c):]
				for p := range m.pixels {
					v := float32(0)
					if c < m.c {
						v = row[c*m.pixels+p]
					}
					dst[p*lanes] = v
				}
			}
		}}, d.padPixels(to, out[0]))
	}
	return nil
}

// flattening holds the sizes of maps [n, c, …] and of the same elements as n rows.
type flattening struct{ n, c, pixels, plane, row int }

func newFlattening(shape []int) flattening {
	pixels := shape[2] * shape[3]
	return flattening{shape[0], shape[1], pixels, planeFloats(shape), padded(shape[1] * pixels)}
}

// place is the index in maps of the first pixel of a channel of an image.
func (m flattening) place(image, c int) int { return c/lanes*m.plane + image*m.pixels*lanes + c%lanes }

// bindDropout is dropout on rows without padding, whose elements are in canonical order.
func (d *Device) bindDropout(s *device.Step, in, out []device.Memory) device.Kernel {
	if !d.rowMajor(s.In[0]) || !d.rowMajor(s.Out[0]) {
		return nil
	}
	attr := s.Attr.(device.DropoutAttr)
	n := s.In[0].Elements()
	x, y, rng := f32(in[0], n), f32(out[0], n), span[int64](in[1], 2)
	const size = 4096
	return d.jobs(&job{pieces: (n + size - 1) / size, do: func(_, piece int) {
		key := ref.DropoutKey(attr, rng)
		ref.Dropout(x, y, key, attr.P, piece*size, min(n, (piece+1)*size))
	}})
}
