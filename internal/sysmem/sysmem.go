// Package sysmem finds the memory that a process may take: the system's free memory, and the
// room that control groups and resource limits leave.
package sysmem

import (
	"cmp"
	"math"
	"runtime"
	"slices"
)

// Bound is one of the limits on the memory of this process.
type Bound struct {
	Name  string // for people: "the control group's limit", "ulimit -v"
	Limit int64  // bytes in all
	Free  int64  // unused bytes of it, at least 0
	// Hard: exceeding the limit ends the process or fails. The system's free memory is not
	// hard: it may swap, and other processes may free memory.
	Hard bool
	// Taken are the bytes that this process uses of it; 0 for an Address bound, see Room.
	Taken int64
	// Address: the limit counts reserved addresses, not only memory that was written to.
	Address bool
}

// Room is the number of bytes that this process may take in total by the bound, given the
// bytes that it has mapped outside Go's heap on purpose.
func (b Bound) Room(mapped int64) int64 {
	if !b.Address {
		return add(b.Free, b.Taken)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return add(b.Free, mapped+int64(m.HeapSys))
}

// add is a sum of numbers of at least 0, or the largest int64 if it overflows.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// None is the Bound without a limit.
var None = Bound{Name: "no limit", Limit: math.MaxInt64, Free: math.MaxInt64}

// read reads the bounds of this system.
var read = bounds

// Replace gives tests other bounds than the system's, until restore is called.
func Replace(other ...Bound) (restore func()) {
	old := read
	read = func() []Bound { return other }
	return func() { read = old }
}

// Bounds are the known bounds, the tightest first; nil on systems where none is known.
func Bounds() []Bound {
	b := slices.Clone(read())
	for i := range b {
		b[i].Free = max(b[i].Free, 0)
	}
	slices.SortStableFunc(b, func(x, y Bound) int { return cmp.Compare(x.Free, y.Free) })
	return b
}

// Tightest is the Bound with the least room among those that which accepts, else None.
func Tightest(bounds []Bound, which func(Bound) bool) Bound {
	least := None
	for _, b := range bounds {
		if which(b) && b.Free < least.Free {
			least = b
		}
	}
	return least
}
