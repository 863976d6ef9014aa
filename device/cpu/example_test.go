package cpu_test

import (
	"errors"
	"fmt"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
)

// A step is bound to memory once and run as often as needed.
func Example() {
	dev, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()

	x := &device.Tensor{Shape: []int{2, 3}, DType: device.Float32, Name: "x"}
	buffer, err := dev.NewBuffer(dev.Bytes(x))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer buffer.Free()
	at := device.Memory{Buffer: buffer}
	if err := dev.Upload(x, at, []float32{-2, -1, 0, 1, 2, 3}); err != nil {
		fmt.Println(err)
		return
	}

	relu := &device.Step{Kind: device.Activate, Attr: device.ActAttr{Act: device.ReLU}, In: []*device.Tensor{x}, Out: []*device.Tensor{x}}
	kernel, err := dev.Bind(relu, []device.Memory{at}, []device.Memory{at}, device.Memory{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := dev.Begin(); err != nil {
		fmt.Println(err)
		return
	}
	kernel.Run()
	if err := errors.Join(dev.Submit(), dev.Wait()); err != nil {
		fmt.Println(err)
		return
	}

	y := make([]float32, 6)
	if err := dev.Download(x, at, y); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y)
	// Output: [0 0 0 1 2 3]
}
