package cpu

import "github.com/euryale-ml/euryale/device"

// Plain reports whether a kernel runs through device/ref with conversions.
func Plain(k device.Kernel) bool {
	_, plain := k.(*plainKernel)
	return plain
}
