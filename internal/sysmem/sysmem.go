// Package sysmem says how much memory a process may take: what the system has free, and
// what control groups and resource limits leave.
package sysmem

import (
	"cmp"
	"math"
	"slices"
)

// Bound is one thing that bounds the memory of this process.
type Bound struct {
	Name  string // for people: "the control group's limit", "ulimit -v"
	Limit int64  // bytes in all
	Free  int64  // bytes that are left of it, at least 0
	// Hard: what goes beyond ends the process or fails. Free memory of the system is soft:
	// it may swap, and others may give memory back.
	Hard bool
	// Address: the limit counts reserved addresses, not memory that was written to.
	Address bool
}

// None is a Bound of nothing.
var None = Bound{Name: "no limit", Limit: math.MaxInt64, Free: math.MaxInt64}

// Bounds are what is known, the tightest first. On systems without such knowledge there
// are none.
func Bounds() []Bound {
	b := bounds()
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
