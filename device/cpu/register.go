package cpu

import (
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/registry"
)

func init() {
	err := device.Register("cpu", device.Driver{
		Open: func(_ int, o device.Options) (device.Device, error) {
			return New(Options{Threads: o.Threads, ISA: o.Kernels})
		},
		Rank: 1,
	}, registry.About("this machine's processors"))
	if err != nil {
		panic(err) // the name is free
	}
}
