package cpu_test

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/device/devicetest"
)

func open(t testing.TB, o cpu.Options) *cpu.Device {
	t.Helper()
	d, err := cpu.New(o)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestKernels holds every kernel of every instruction set against the reference.
func TestKernels(t *testing.T) {
	for _, isa := range []string{"avx512", "avx2", "generic"} {
		t.Run(isa, func(t *testing.T) {
			devicetest.Run(t, func(t *testing.T) device.Device { return open(t, cpu.Options{ISA: isa, Threads: 2}) })
		})
	}
}
