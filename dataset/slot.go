package dataset

import (
	"sync"
	"sync/atomic"

	"github.com/euryale-ml/euryale/transforms"
)

// memory is the buffers of one batch.
type memory struct {
	images []float32
	labels []int64
	index  []int
	names  []string
	errs   []error
	pixels int // values an image
	others []int64
	last   []float32 // an image, for mixup
}

// sparePool keeps the memory of finished epochs for the next.
type sparePool struct {
	sync.Mutex
	all []*memory
}

func (p *sparePool) take(batch, pixels int, mixed bool) *memory {
	p.Lock()
	defer p.Unlock()
	if n := len(p.all); n > 0 {
		m := p.all[n-1]
		p.all = p.all[:n-1]
		return m
	}
	m := &memory{
		images: make([]float32, batch*pixels), labels: make([]int64, batch),
		index: make([]int, batch), names: make([]string, batch), errs: make([]error, batch), pixels: pixels,
	}
	if mixed {
		m.others, m.last = make([]int64, batch), make([]float32, pixels)
	}
	return m
}

func (p *sparePool) give(m *memory) {
	p.Lock()
	defer p.Unlock()
	if len(p.all) <= ahead { // as many as one epoch uses
		p.all = append(p.all, m)
	}
}

// slot is a batch that is being loaded.
type slot struct {
	*memory
	first   int // position in the epoch
	n, w, h int
	lambda  float64 // of mixup
	left    atomic.Int64
	ready   chan struct{}
}

func newSlot(m *memory, first, n, w, h int) *slot {
	s := &slot{memory: m, first: first, n: n, w: w, h: h, ready: make(chan struct{})}
	s.left.Store(int64(n))
	clear(s.errs)
	return s
}

// done counts an image as loaded, or failed, and reports whether it was the last.
func (s *slot) done() bool { return s.left.Add(-1) == 0 }

func (s *slot) put(at, index int, one Sample, n transforms.Normalize) {
	n.Tensor(s.images[at*s.pixels:(at+1)*s.pixels], one.Image)
	s.labels[at], s.index[at], s.names[at] = int64(one.Label), index, one.Name
}

// finish returns the batch without the images that could not be read.
func (s *slot) finish() (*Batch, error) {
	kept := 0
	for at := range s.n {
		if err := s.errs[at]; err != nil {
			if isFatal(err) {
				return nil, err
			}
			continue
		}
		if kept != at {
			copy(s.images[kept*s.pixels:(kept+1)*s.pixels], s.images[at*s.pixels:])
			s.labels[kept], s.index[kept], s.names[kept] = s.labels[at], s.index[at], s.names[at]
		}
		kept++
	}
	b := &Batch{
		Images: s.images[:kept*s.pixels], Labels: s.labels[:kept], Index: s.index[:kept], Names: s.names[:kept],
		N: kept, C: 3, H: s.h, W: s.w,
	}
	if s.others != nil { // training: no image is left out
		b.Others, b.Lambda = s.others[:kept], s.lambda
	}
	return b, nil
}
