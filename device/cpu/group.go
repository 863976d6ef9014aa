package cpu

import (
	"slices"

	"github.com/euryale-ml/euryale/device"
)

// groupPiece is the size in bytes of the largest tensors that are updated in groups, each as
// one piece of one worker. Larger tensors gain nothing: their gradients would leave the cache
// while they wait for the group.
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

// several is a kernel made of several, which run one after the other.
type several []device.Kernel

// Run runs them in order.
func (s several) Run() {
	for _, k := range s {
		k.Run()
	}
}

// joined is one job with the pieces of several independent jobs.
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
