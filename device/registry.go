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
	// ErrUnknown is returned for a name that no device of this program has.
	ErrUnknown = errors.New("unknown device")
	// ErrRegister is returned for a driver that cannot be registered.
	ErrRegister = registry.ErrRegister
)

// Auto is the name under which Open chooses the device itself.
const Auto = "auto"

// Options configure a device that Open opens. The zero value means all processors and the
// fastest kernels.
type Options struct {
	// Threads is the number of workers of a device that computes on the processor; 0 means
	// all that the container allows. Others ignore it.
	Threads int
	// Kernels selects the kernels of a device that has several sets of them, such as "avx2"
	// or "generic" on the processor; "" means the fastest. An error on other devices.
	Kernels string
}

// A Driver opens the devices of one kind.
type Driver struct {
	// Open opens device number index, from 0. The caller closes it.
	Open func(index int, o Options) (Device, error)
	// Count is the number of such devices in this machine, which may be 0. They are called
	// name:0, name:1 and so on, and name is the first. Nil: there is one, without a number.
	Count func() int
	// Rank orders the kinds for Auto, which opens the first device of the highest rank
	// present. The processor has rank 1, and Auto never opens a kind of rank 0.
	Rank int
}

// count is the number of devices present.
func (d Driver) count() int {
	if d.Count == nil {
		return 1
	}
	return d.Count()
}

// drivers are the registered kinds of device.
var drivers = registry.New[Driver]("device", "device", Auto)

func init() { drivers.Forms(devicesOf) }

// devicesOf lists the devices of a kind that are present.
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

// Register makes a kind of device available to Open under a name such as "cpu". Packages of
// devices call it when they are imported. Names are made of a-z, 0-9, "_", "-" and "."; a name
// already in use is an error, as is a Driver without Open.
func Register(name string, d Driver, options ...registry.Option) error {
	if d.Open == nil {
		return fmt.Errorf("device: %w %q: its driver has no Open", ErrRegister, name)
	}
	if err := drivers.Register(name, d, options...); err != nil {
		return fmt.Errorf("device: %w", err)
	}
	return nil
}

// Names lists the names that Open accepts: Auto, then the registered devices that are present
// in this machine, in byte order.
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

// preferred is the kind that Auto opens; "" if there is none.
func preferred() (best string) {
	rank := 0
	for _, name := range drivers.Names() {
		if d, _ := drivers.Find(name); d.Rank > rank && d.count() > 0 {
			best, rank = name, d.Rank
		}
	}
	return best
}
