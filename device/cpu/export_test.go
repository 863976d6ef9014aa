package cpu

import "github.com/euryale-ml/euryale/device"

// Plain reports whether a kernel runs through device/ref with conversions.
func Plain(k device.Kernel) bool {
	_, plain := k.(*kernel).work.(*plainKernel)
	return plain
}

// Work is what a kernel does when its turn comes, for benchmarks on the caller's thread.
func Work(k device.Kernel) device.Kernel { return k.(*kernel).work }
