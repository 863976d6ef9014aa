//go:build !amd64 || noasm || purego

package cpu

import (
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/bfloat16"
)

// kernels are those of an instruction set: there are none without assembly.
type kernels struct{}

func kernelsOf(string) *kernels { return nil }

// Scratch is 0: the plain kernels bring their own working memory.
func (d *Device) Scratch(*device.Step) int64 { return 0 }

// bindFast never has a kernel without assembly.
func (d *Device) bindFast(*device.Step, []device.Memory, []device.Memory, device.Memory) device.Kernel {
	return nil
}

// hasActivation: the plain kernels have all.
func (d *Device) hasActivation(device.Act) bool { return true }

func (d *Device) narrow(dst []uint16, src []float32) { bfloat16.Narrow(dst, src) }

func (d *Device) widen(dst []float32, src []uint16) { bfloat16.Widen(dst, src) }
