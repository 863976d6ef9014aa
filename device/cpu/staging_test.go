package cpu_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/device/cpu"
)

// TestStagingWhileAPlainKernelConverts uploads to staging memory, and downloads from it, while
// a kernel of device/ref converts operands that are stored as bfloat16.
func TestStagingWhileAPlainKernelConverts(t *testing.T) {
	dev := open(t, cpu.Options{})
	tensor := func(role device.Role) *device.Tensor {
		return &device.Tensor{Shape: []int{2, 17, 40, 40}, Stored: device.BFloat16, Role: role}
	}
	x, rng, y, next := tensor(device.Activation), &device.Tensor{Shape: []int{2}, DType: device.Int64}, tensor(device.Activation), tensor(device.Input)
	memory := func(bytes int64, get func(int64) (device.Buffer, error)) device.Memory {
		b, err := get(bytes)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Free() })
		return device.Memory{Buffer: b}
	}
	in := []device.Memory{memory(dev.Bytes(x), dev.NewBuffer), memory(dev.Bytes(rng), dev.NewBuffer)}
	out, staging := memory(dev.Bytes(y), dev.NewBuffer), memory(dev.Bytes(next), dev.NewStaging)
	s := &device.Step{Kind: device.Dropout, Attr: device.DropoutAttr{}, In: []*device.Tensor{x, rng}, Out: []*device.Tensor{y}}
	k, err := dev.Bind(s, in, []device.Memory{out}, memory(dev.Scratch(s), dev.NewBuffer))
	if err != nil {
		t.Fatal(err)
	}
	ones, twos, got := slices.Repeat([]float32{1}, x.Elements()), slices.Repeat([]float32{2}, x.Elements()), make([]float32, x.Elements())
	if err := errors.Join(dev.Upload(x, in[0], ones), dev.Upload(rng, in[1], []int64{1, 1})); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := dev.Begin(); err != nil {
			t.Fatal(err)
		}
		k.Run()
		if err := dev.Submit(); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if err := errors.Join(dev.Upload(next, staging, twos), dev.Download(next, staging, got)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, twos) {
				t.Fatal("staging memory does not have what was uploaded")
			}
		}
		if err := errors.Join(dev.Wait(), dev.Download(y, out, got)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, ones) {
			t.Fatal("the kernel's result is not its operand")
		}
	}
}
