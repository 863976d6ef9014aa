package cpu_test

import (
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/device/devicetest"
)

// breakable is the processor with kernels that fail.
type breakable struct {
	*cpu.Device
	broken func(*device.Step) error
}

func (d *breakable) Bind(s *device.Step, in, out []device.Memory, scratch device.Memory) (device.Kernel, error) {
	k, err := d.Device.Bind(s, in, out, scratch)
	if err == nil {
		cpu.Break(k, d.broken)
	}
	return k, err
}

// TestFaults runs the device suite's faults.
func TestFaults(t *testing.T) {
	devicetest.Faults(t, func(t *testing.T, broken func(*device.Step) error) device.Device {
		return &breakable{open(t, cpu.Options{Threads: 2}), broken}
	})
}
