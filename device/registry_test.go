package device_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/device"
	_ "github.com/euryale-ml/euryale/device/all"
)

// numbered is a device that knows its index.
type numbered struct {
	device.Device
	index int
}

func TestRegistry(t *testing.T) {
	there := 2
	open := func(index int, o device.Options) (device.Device, error) {
		if o.Kernels != "" {
			return nil, errors.New("no such kernels")
		}
		return numbered{index: index}, nil
	}
	for _, name := range []string{"", "auto", "cpu", "GPU", "cuda:1"} {
		if err := device.Register(name, device.Driver{Open: open}); !errors.Is(err, device.ErrRegister) {
			t.Errorf("Register(%q): %v", name, err)
		}
	}
	if err := device.Register("mine", device.Driver{}); !errors.Is(err, device.ErrRegister) {
		t.Errorf("without Open: %v", err)
	}
	err := errors.Join(
		device.Register("mine", device.Driver{Open: open, Count: func() int { return there }, Rank: 2}),
		device.Register("never", device.Driver{Open: func(int, device.Options) (device.Device, error) { return nil, errors.New("taken by auto") }}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := device.Names(), []string{"auto", "cpu", "mine", "mine:0", "mine:1", "never"}; !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	for name, index := range map[string]int{"auto": 0, "mine": 0, "mine:0": 0, "mine:1": 1} {
		d, err := device.Open(name, device.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got, ok := d.(numbered); !ok || got.index != index {
			t.Errorf("%s opens %+v, want index %d", name, d, index)
		}
	}
	if _, err := device.Open("mine", device.Options{Kernels: "best"}); err == nil || !strings.Contains(err.Error(), "no such kernels") {
		t.Errorf("the driver's error: %v", err)
	}
	for _, name := range []string{"mine:2", "mine:", "mine:01", "cpu:0", "cuda", "cuda:1", "tpu", ""} {
		if _, err := device.Open(name, device.Options{}); !errors.Is(err, device.ErrUnknown) || !strings.Contains(err.Error(), "auto, cpu, mine, mine:0, mine:1, never") {
			t.Errorf("%q: %v", name, err)
		}
	}
	there = 0
	if got, want := device.Names(), []string{"auto", "cpu", "never"}; !slices.Equal(got, want) {
		t.Errorf("names without a device of that kind: %v, want %v", got, want)
	}
	d, err := device.Open(device.Auto, device.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Name() != "cpu" {
		t.Errorf("auto opens %s", d.Name())
	}
}
