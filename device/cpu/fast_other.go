//go:build !amd64 || noasm || purego

package cpu

import (
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/bfloat16"
)

// kernels are the assembly kernels of an instruction set: none in this build.
type kernels struct{}

func kernelsOf(string) *kernels { return nil }

// Scratch is 0: the plain kernels allocate their own working memory.
func (d *Device) Scratch(*device.Step) int64 { return 0 }

// bindFast returns nil: there are no fast kernels without assembly.
func (d *Device) bindFast(*device.Step, []device.Memory, []device.Memory, device.Memory) device.Kernel {
	return nil
}

// hasActivation is true: the plain kernels have all activations.
func (d *Device) hasActivation(device.Act) bool { return true }

func (d *Device) narrow(dst []uint16, src []float32) { bfloat16.Narrow(dst, src) }

func (d *Device) widen(dst []float32, src []uint16) { bfloat16.Widen(dst, src) }
