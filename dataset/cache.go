package dataset

import "sync"

// cache keeps decoded images until its budget is spent. Every image is used once
// an epoch, so the first ones are as good as any others, and none is ever
// removed. A nil cache keeps nothing.
type cache struct {
	sync.RWMutex
	left    int64
	samples map[int]Sample
}

func newCache(bytes int64) *cache {
	if bytes == 0 {
		return nil
	}
	return &cache{left: bytes, samples: map[int]Sample{}}
}

func (c *cache) get(i int) (Sample, bool) {
	if c == nil {
		return Sample{}, false
	}
	c.RLock()
	defer c.RUnlock()
	s, ok := c.samples[i]
	return s, ok
}

func (c *cache) put(i int, s Sample) {
	if c == nil {
		return
	}
	size := int64(len(s.Image.Pix) + len(s.Name) + 128)
	c.Lock()
	defer c.Unlock()
	if _, known := c.samples[i]; known || size > c.left {
		return
	}
	c.left -= size
	c.samples[i] = s
}
