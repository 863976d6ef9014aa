package cpu

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// groupPiece is the size of a tensor, in bytes, that one worker passes over in one piece.
// Larger ones gain nothing in a group, and would wait for it in memory instead of a cache.
const groupPiece = 64 << 10

// supportsGroup reports whether the steps are elementwise and small.
func (d *Device) supportsGroup(s *device.Step) bool {
	large := func(t *device.Tensor) bool { return d.Bytes(t) > groupPiece }
	for _, part := range s.Attr.(device.GroupAttr).Steps {
		if !part.Kind.Elementwise() || !d.Supports(part) || slices.ContainsFunc(part.In, large) {
			return false
		}
	}
	return !s.Accumulate
}

// bindGroup binds the steps of a group. Their jobs become one job, piece by piece.
func (d *Device) bindGroup(g device.GroupAttr, in, out []device.Memory, scratch device.Memory) (device.Kernel, error) {
	var parts several
	err := device.Split(g, in, out, func(s *device.Step, in, out []device.Memory) error {
		k, err := d.bind(s, in, out, scratch)
		parts = append(parts, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	var jobs []*job
	for _, k := range parts {
		s, ok := k.(*sequence)
		if !ok || len(s.jobs) != 1 {
			return parts, nil
		}
		jobs = append(jobs, s.jobs[0])
	}
	return &sequence{d.pool, []*job{joined(jobs)}}, nil
}

// several are kernels that run one after the other.
type several []device.Kernel

// Run runs them in order.
func (s several) Run() {
	for _, k := range s {
		k.Run()
	}
}

// joined is the pieces of independent jobs as one job.
func joined(jobs []*job) *job {
	var first []int // piece of each job
	pieces := 0
	for _, j := range jobs {
		first = append(first, pieces)
		pieces += j.pieces
	}
	return &job{pieces: pieces, do: func(worker, piece int) {
		i, exact := slices.BinarySearch(first, piece)
		if !exact {
			i--
		}
		jobs[i].do(worker, piece-first[i])
	}}
}
