// Package testdevice opens the device that tests run on. The environment variable
// EURYALE_TEST_DEVICE names it; the default is cpu. With it, the tests of the engine, the
// trainer and the models also test other devices:
//
//	EURYALE_TEST_DEVICE=cuda go test ./engine ./trainer ./models ./infer
//
// The name queued is the cpu behind the asynchronous test device of package queued.
//
// Tests of features that only some devices have, such as kernels of an instruction set, are
// skipped on others.
package testdevice

import (
	"cmp"
	"math"
	"os"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/device"
	_ "github.com/euryale-ml/euryale/device/all"
	"github.com/euryale-ml/euryale/internal/queued"
)

// Variable is the environment variable that names the device.
const Variable = "EURYALE_TEST_DEVICE"

// init makes device.Auto choose the device too, for code that opens a device itself.
func init() {
	if err := device.Register("queued", device.Driver{Open: openQueued}); err != nil {
		panic(err) // the name is free
	}
	if os.Getenv(Variable) == "" {
		return
	}
	err := device.Register("tested", device.Driver{
		Open: func(_ int, o device.Options) (device.Device, error) { return device.Open(Name(), o) },
		Rank: math.MaxInt,
	})
	if err != nil {
		panic(err) // the name is free
	}
}

// openQueued opens the cpu behind a queue.
func openQueued(_ int, o device.Options) (device.Device, error) {
	inner, err := device.Open("cpu", o)
	if err != nil {
		return nil, err
	}
	return queued.New(inner, queued.Options{Seed: 1, Delay: 200 * time.Microsecond}), nil
}

// Name is the name of the device, for tests that open one through a configuration.
func Name() string { return cmp.Or(os.Getenv(Variable), "cpu") }

// Open opens the device until the end of the test. The test is skipped if o asks for
// kernels that the device or this machine does not have.
func Open(t testing.TB, o device.Options) device.Device {
	t.Helper()
	d, err := device.Open(Name(), o)
	if err != nil && o.Kernels != "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%s=%s: %v", Variable, os.Getenv(Variable), err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// Has reports whether Open would not skip the test.
func Has(o device.Options) bool {
	d, err := device.Open(Name(), o)
	if err != nil {
		return o.Kernels == ""
	}
	d.Close()
	return true
}

// Kernels names the instruction set of the processor's kernels, such as "avx2" or
// "generic"; "" on a device that has none.
func Kernels(d device.Device) string {
	if k, ok := d.(interface{ ISA() string }); ok {
		return k.ISA()
	}
	return ""
}

// NoAllocations skips a test that counts allocations unless the device runs kernels of an
// instruction set: the plain kernels allocate, and so may the driver of another device.
func NoAllocations(t testing.TB, d device.Device) {
	t.Helper()
	if isa := Kernels(d); isa == "" || isa == "generic" {
		t.Skipf("the kernels of %s may allocate", d.Describe())
	}
}
