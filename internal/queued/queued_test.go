package queued_test

import (
	"testing"
	"time"

	"github.com/euryale-ml/euryale/device"
	_ "github.com/euryale-ml/euryale/device/cpu"
	"github.com/euryale-ml/euryale/device/devicetest"
	"github.com/euryale-ml/euryale/internal/queued"
)

// open wraps the processor.
func open(t *testing.T, c device.Options, o queued.Options) *queued.Device {
	t.Helper()
	inner, err := device.Open("cpu", c)
	if err != nil {
		t.Fatal(err)
	}
	d := queued.New(inner, o)
	t.Cleanup(func() { d.Close() })
	return d
}

// TestKernels runs the device suite.
func TestKernels(t *testing.T) {
	devicetest.Run(t, func(t *testing.T) device.Device {
		return open(t, device.Options{Threads: 2}, queued.Options{Seed: 1, Delay: 100 * time.Microsecond})
	})
}

// TestFaults runs the device suite's faults.
func TestFaults(t *testing.T) {
	devicetest.Faults(t, func(t *testing.T, broken func(*device.Step) error) device.Device {
		return open(t, device.Options{Threads: 2}, queued.Options{Delay: 100 * time.Microsecond, Fault: broken})
	})
}
