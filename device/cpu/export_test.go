package cpu

import "github.com/euryale-ml/euryale/device"

// Plain reports whether a kernel runs through device/ref with conversions.
func Plain(k device.Kernel) bool {
	_, plain := k.(*kernel).work.(*plainKernel)
	return plain
}

// Work is what a kernel does when its turn comes, for benchmarks on the caller's thread.
func Work(k device.Kernel) device.Kernel { return k.(*kernel).work }

// Break makes a kernel fail when broken returns an error for its step.
func Break(k device.Kernel, broken func(*device.Step) error) {
	b := k.(*kernel)
	b.work = &breaking{b.work, func() error { return broken(b.step) }}
}

type breaking struct {
	device.Kernel
	broken func() error
}

func (b *breaking) Run() {
	if err := b.broken(); err != nil {
		panic(err)
	}
	b.Kernel.Run()
}
