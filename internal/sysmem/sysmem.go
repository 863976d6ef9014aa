// Package sysmem finds how much memory a process may take: the memory that the system has
// free, and the room that control groups and resource limits leave.
package sysmem

import (
	"cmp"
	"math"
	"runtime"
	"slices"
)

// Bound is one thing that bounds the memory of this process.
type Bound struct {
	Name  string // for people: "the control group's limit", "ulimit -v"
	Limit int64  // bytes in all
	Free  int64  // bytes that are left of it to plan with, at least 0
	// Hard: going beyond ends the process or fails. Free memory of the system is soft:
	// it may swap, and others may give memory back.
	Hard bool
	// Taken is the part of what is used that this process takes. It is not counted for an
	// Address bound: see Room.
	Taken int64
	// Address: the limit counts reserved addresses, not memory that was written to.
	Address bool
}

// Room is what this process may take in all by the bound, when it has mapped some bytes
// outside Go's heap on purpose.
func (b Bound) Room(mapped int64) int64 {
	if !b.Address {
		return add(b.Free, b.Taken)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return add(b.Free, mapped+int64(m.HeapSys))
}

// add is a sum of numbers of at least 0 that does not overflow.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// None is a Bound of nothing.
var None = Bound{Name: "no limit", Limit: math.MaxInt64, Free: math.MaxInt64}

// read reads the bounds of this system.
var read = bounds

// Replace gives tests other bounds than the system's, until restore is called.
func Replace(other ...Bound) (restore func()) {
	old := read
	read = func() []Bound { return other }
	return func() { read = old }
}

// Bounds are what is known, the tightest first. On systems without such knowledge there
// are none.
func Bounds() []Bound {
	b := slices.Clone(read())
	for i := range b {
		b[i].Free = max(b[i].Free, 0)
	}
	slices.SortStableFunc(b, func(x, y Bound) int { return cmp.Compare(x.Free, y.Free) })
	return b
}

// Tightest is the Bound that leaves least, among those that which accepts; None if there
// is none.
func Tightest(bounds []Bound, which func(Bound) bool) Bound {
	least := None
	for _, b := range bounds {
		if which(b) && b.Free < least.Free {
			least = b
		}
	}
	return least
}
