package queued

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// buffer is a buffer of the wrapped device.
type buffer struct {
	device.Buffer
	d       *Device
	staging bool
	freed   bool
}

// Free waits for all work.
func (b *buffer) Free() error {
	if b.freed {
		return nil
	}
	b.freed = true
	b.d.drain()
	if !b.staging {
		b.d.used -= b.Bytes()
	}
	return b.Buffer.Free()
}

// bare are places in terms of the wrapped device's buffers. A place without a buffer stays.
func bare(places ...device.Memory) []device.Memory {
	out := slices.Clone(places)
	for i := range out {
		if b, ok := out[i].Buffer.(*buffer); ok {
			out[i].Buffer = b.Buffer
		}
	}
	return out
}

// ErrMemory is the error of NewBuffer beyond Options.Memory.
var ErrMemory = errors.New("queued: the memory is used up")

// NewBuffer allocates a buffer of the wrapped device, up to Options.Memory in total.
func (d *Device) NewBuffer(bytes int64) (device.Buffer, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	if free, ok := d.FreeMemory(); ok && bytes > free {
		return nil, ErrMemory
	}
	b, err := d.inner.NewBuffer(bytes)
	if err != nil {
		return nil, err
	}
	d.used += b.Bytes()
	return &buffer{Buffer: b, d: d}, nil
}

// NewStaging allocates staging memory of the wrapped device.
func (d *Device) NewStaging(bytes int64) (device.Buffer, error) {
	if err := d.usable(); err != nil {
		return nil, err
	}
	b, err := d.inner.NewStaging(bytes)
	if err != nil {
		return nil, err
	}
	return &buffer{Buffer: b, d: d, staging: true}, nil
}

// FreeMemory is the unused part of Options.Memory.
func (d *Device) FreeMemory() (bytes int64, ok bool) {
	return max(0, d.o.Memory-d.used), d.o.Memory > 0
}

func staged(m device.Memory) bool { return m.Buffer.(*buffer).staging }

// Upload converts at once; the copy to device memory is a job in the queue.
func (d *Device) Upload(t *device.Tensor, dst device.Memory, host any) error {
	if err := d.usable(); err != nil {
		return err
	}
	if staged(dst) {
		return d.inner.Upload(t, bare(dst)[0], host)
	}
	if d.recording != nil {
		return fmt.Errorf("queued: Upload: %w: Record is open", device.ErrOrder)
	}
	if d.phase == open {
		if err := d.drain(); err != nil {
			return err
		}
	}
	between, err := d.inner.NewStaging(d.inner.Bytes(t))
	if err != nil {
		return err
	}
	m := device.Memory{Buffer: between}
	if err := d.inner.Upload(t, m, host); err != nil {
		d.drain() // Free is a call of the wrapped device
		return errors.Join(err, between.Free())
	}
	to := bare(dst)[0]
	d.put(nil, func() error {
		err := d.inner.Copy(to, m, d.inner.Bytes(t))
		return errors.Join(err, between.Free())
	})
	return nil
}

// Download waits, copies and converts.
func (d *Device) Download(t *device.Tensor, src device.Memory, host any) error {
	if err := d.usable(); err != nil {
		return err
	}
	if staged(src) {
		return d.inner.Download(t, bare(src)[0], host)
	}
	if d.recording != nil {
		return fmt.Errorf("queued: Download: %w: Record is open", device.ErrOrder)
	}
	if err := d.drain(); err != nil && d.phase == open {
		return err
	}
	if err := d.usable(); err != nil {
		return err
	}
	return d.inner.Download(t, bare(src)[0], host)
}

// Copy enqueues a copy. The target in staging memory is NaN until then.
func (d *Device) Copy(dst, src device.Memory, bytes int64) error {
	if err := d.usable(); err != nil {
		return err
	}
	to, from := bare(dst)[0], bare(src)[0]
	if to.Offset+bytes > to.Buffer.Bytes() || from.Offset+bytes > from.Buffer.Bytes() {
		return fmt.Errorf("queued: a copy of %d bytes from %d of %d to %d of %d", bytes, from.Offset, from.Buffer.Bytes(), to.Offset, to.Buffer.Bytes())
	}
	do := func() error { return d.inner.Copy(to, from, bytes) }
	if d.recording != nil {
		d.enqueue(nil, do)
		return nil
	}
	if staged(dst) {
		if err := d.poison(to, bytes); err != nil {
			return err
		}
	}
	d.put(nil, do)
	return nil
}

// nan is the source of poison's copies.
var nan = slices.Repeat([]float32{float32(math.NaN())}, 1<<14)

// poison fills memory of the wrapped device with NaN.
func (d *Device) poison(m device.Memory, bytes int64) error {
	for n := bytes / 4; n > 0; n -= int64(len(nan)) {
		part := nan[:min(n, int64(len(nan)))]
		t := &device.Tensor{Shape: []int{1, 1, len(part)}, DType: device.Float32}
		if err := d.inner.Upload(t, m, part); err != nil {
			return err
		}
		m.Offset += 4 * int64(len(part))
	}
	return nil
}
