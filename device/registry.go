package device

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/euryale-ml/euryale/registry"
)

// Errors of Register and Open match one of these with errors.Is.
var (
	// ErrUnknown says that this program has no device of that name.
	ErrUnknown = errors.New("unknown device")
	// ErrRegister says that a driver cannot be registered.
	ErrRegister = registry.ErrRegister
)

// Auto is the name under which Open chooses the device itself.
const Auto = "auto"

// Options configure a device that Open opens. The zero value takes all of it, with its
// fastest kernels.
type Options struct {
	// Threads is the number of workers of a device that computes on the processor; 0 means
	// all that the container allows. Others ignore it.
	Threads int
	// Kernels forces the kernels of a device that has several kinds of them, such as "avx2"
	// or "generic" on the processor; "" means the fastest. Others refuse it.
	Kernels string
}

// A Driver opens the devices of one kind.
type Driver struct {
	// Open opens the device of an index from 0. It is closed by whoever opened it.
	Open func(index int, o Options) (Device, error)
	// Count is the number of such devices in this machine, which may be 0. They are called
	// name:0, name:1 and so on, and name is the first. Nil: there is one, without a number.
	Count func() int
	// Rank orders the kinds for Auto, which takes the first device of the highest rank that
	// is there. The processor has rank 1, and Auto never takes a kind of rank 0.
	Rank int
}

// count is the number of devices that are there.
func (d Driver) count() int {
	if d.Count == nil {
		return 1
	}
	return d.Count()
}

// drivers are the registered kinds of device.
var drivers = registry.New[Driver]("device", "device", Auto)

func init() { drivers.Forms(devicesOf) }

// devicesOf lists the devices of a kind that are there.
func devicesOf(kind string) (names []string) {
	d, _ := drivers.Find(kind)
	n := d.count()
	if n > 0 {
		names = append(names, kind)
	}
	for i := range n {
		if d.Count != nil {
			names = append(names, kind+":"+strconv.Itoa(i))
		}
	}
	return names
}

// Register gives a kind of device a name, such as "cpu", that Open knows. Packages of
// devices call it when they are imported. Names are made of a-z, 0-9, "_", "-" and "."; one
// that is taken is an error, as is a Driver without Open.
func Register(name string, d Driver, options ...registry.Option) error {
	if d.Open == nil {
		return fmt.Errorf("device: %w %q: its driver has no Open", ErrRegister, name)
	}
	if err := drivers.Register(name, d, options...); err != nil {
		return fmt.Errorf("device: %w", err)
	}
	return nil
}

// Names lists what Open takes: Auto, then the registered devices in byte order. Of a kind
// that is not in this machine there is none.
func Names() []string { return drivers.Words() }

// Open opens a device by a name of Names. The error for another name is ErrUnknown and
// lists them. Package device/all registers the devices of this module.
func Open(name string, o Options) (Device, error) {
	if name == Auto {
		if name = preferred(); name == "" {
			return nil, fmt.Errorf("device: %w %s: this program has none; import device/all or a device's package", ErrUnknown, Auto)
		}
	}
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("device: %w %q: this program has %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	kind, number, numbered := strings.Cut(name, ":")
	index := 0
	if numbered {
		index, _ = strconv.Atoi(number) // a name of Names
	}
	d, _ := drivers.Find(kind)
	return d.Open(index, o)
}

// preferred is the kind that Auto takes; "" if there is none.
func preferred() (best string) {
	rank := 0
	for _, name := range drivers.Names() {
		if d, _ := drivers.Find(name); d.Rank > rank && d.count() > 0 {
			best, rank = name, d.Rank
		}
	}
	return best
}
