package device

import "time"

// The interfaces of this file are optional for a device. The engine asks for each by a type
// assertion and works without it. A device that wraps another offers only the interfaces that
// it implements itself.

// Threader is a device with a fixed number of workers.
type Threader interface {
	// Threads is the number of workers, at least 1.
	Threads() int
}

// Threads is the number of a device's workers, or 0 if it is not a Threader.
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
	// Unified reports whether buffers are host memory. If so, a Copy outside a run is done
	// when it returns.
	Unified() bool
}

// MemoryReporter is a device that knows how much memory is free.
type MemoryReporter interface {
	// FreeMemory is the number of bytes that NewBuffer could allocate at this moment; ok is
	// false if it is not known.
	FreeMemory() (bytes int64, ok bool)
}

// Recorder is a device that can record a sequence of kernels and replay it at less cost
// than enqueuing them one by one, such as a CUDA graph.
type Recorder interface {
	// Record calls enqueue, outside a run. The kernels and copies that it enqueues are
	// recorded and do not run. enqueue uploads and downloads nothing.
	Record(enqueue func()) (Recording, error)
}

// Recording is a recorded sequence. Its Run appends the sequence to a run, with the same
// effects as its kernels and copies, faults included. It must not run after memory that they
// are bound to has been freed.
type Recording interface {
	Kernel
	// Free waits for pending work and frees the device's resources of the recording.
	Free() error
}

// Timer is a device that times its work by its own clock. Without it the engine
// profiles a program by waiting for each kernel.
type Timer interface {
	// NewClock makes a clock with n marks.
	NewClock(n int) (Clock, error)
}

// Clock records the times of marks in a run.
type Clock interface {
	// Mark enqueues mark i, as a kernel is enqueued: its time is the moment at which
	// everything before it is done and nothing after it has begun.
	Mark(i int)
	// Between is the time from mark i to mark j of the last run, after Wait.
	Between(i, j int) time.Duration
	// Free frees the device's resources of the clock.
	Free() error
}
