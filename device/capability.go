package device

import "time"

// The interfaces of this file are what a device may offer beyond Device. The engine asks
// for each by a type assertion and manages without. A device that wraps another offers
// only what it passes on itself.

// Threader is a device with a fixed number of workers.
type Threader interface {
	// Threads is the number of workers, at least 1.
	Threads() int
}

// Threads is the number of a device's workers, or 0 if it has no such number.
func Threads(d Device) int {
	if t, ok := d.(Threader); ok {
		return t.Threads()
	}
	return 0
}

// Unifier is a device whose buffers are memory of the host, so that an Upload costs no
// transfer. The engine then uploads inputs straight to their places while nothing is
// pending, and reads outputs straight from theirs.
type Unifier interface {
	// Unified reports whether it is so. If it is, a Copy outside a run is done when it
	// returns.
	Unified() bool
}

// MemoryReporter is a device that knows how much memory is free.
type MemoryReporter interface {
	// FreeMemory is what NewBuffer could hand out at this moment, in bytes; ok is false
	// where that is not known.
	FreeMemory() (bytes int64, ok bool)
}

// Recorder is a device that can record a sequence of kernels and replay it at less cost
// than enqueuing them one by one, such as a CUDA graph.
type Recorder interface {
	// Record calls enqueue, outside a run. The kernels and copies that it enqueues are
	// recorded and do not run. enqueue uploads and downloads nothing.
	Record(enqueue func()) (Recording, error)
}

// Recording is a recorded sequence. Its Run appends the sequence to a run, and has the
// effect of the kernels and copies in it, faults included. When the memory that they are
// bound to has been freed it must not run any more.
type Recording interface {
	Kernel
	// Free gives up what the recording holds on the device, after pending work.
	Free() error
}

// Timer is a device that times its work by its own clock. Without it the engine
// profiles a program by waiting for each kernel.
type Timer interface {
	// NewClock makes a clock with n marks.
	NewClock(n int) (Clock, error)
}

// Clock holds moments of a run.
type Clock interface {
	// Mark enqueues the taking of a mark, as a kernel is enqueued: it is the moment at
	// which everything before it is done and nothing after it has begun.
	Mark(i int)
	// Between is the time from mark i to mark j of the last run, after Wait.
	Between(i, j int) time.Duration
	// Free gives up what the clock holds on the device.
	Free() error
}
