package sysmem

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// aside are addresses that are not planned for: Go's heap grows by 64 MB, and each thread
// that the runtime may start, some of them for each processor, takes a stack of 8 MB and
// more.
func aside() int64 { return 160<<20 + 16<<20*int64(runtime.GOMAXPROCS(0)) }

// Shortage is how much a limit leaves less than is needed.
type Shortage struct {
	Need, Free int64 // bytes
	Bound      Bound
}

func (s *Shortage) Error() string {
	return fmt.Sprintf("%s more are needed, and %s leaves %s", Text(s.Need), s.Bound.Name, Text(s.Free))
}

// Reserve makes sure that so many more bytes can be mapped and that Go's heap has addresses
// for so many more, where a resource limit counts addresses: Go ends the process when its
// heap cannot grow or a thread has no stack, so that this is found out before. It takes no
// memory. The error is a Shortage.
func Reserve(mapped, heap int64) error {
	isAddress := func(b Bound) bool { return b.Address }
	limit := Tightest(Bounds(), isAddress)
	if limit == None {
		return nil
	}
	if limit.Free == 0 { // not even for the threads that the collector starts
		return &Shortage{Need: mapped + heap, Free: 0, Bound: limit}
	}
	runtime.GC() // frees what nothing refers to any more
	limit = Tightest(Bounds(), isAddress)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	more := max(0, heap-int64(m.HeapIdle))
	if mapped+more > limit.Free || probe(mapped+more+aside()) != nil {
		return &Shortage{Need: mapped + more, Free: limit.Free, Bound: limit}
	}
	if more > 0 {
		runtime.KeepAlive(make([]byte, more)) // never written to: addresses alone
	}
	return nil
}

// leastHeap is the least that LimitHeap leaves: with less the collector would run all the
// time.
const leastHeap = 128 << 20

// LimitHeap has Go's collector keep the heap within what the hard bounds leave beside the
// bytes that are mapped outside of it. GOMEMLIMIT, where it is set, decides instead.
func LimitHeap(mapped int64) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	least := int64(math.MaxInt64)
	for _, b := range Bounds() {
		if b.Hard {
			least = min(least, b.Room(mapped))
		}
	}
	if least < math.MaxInt64 {
		debug.SetMemoryLimit(max(leastHeap, least/10*9-mapped))
	}
}

// Text writes a number of bytes for people: 812 MB, 2.4 GB.
func Text(n int64) string {
	switch f := float64(n); {
	case f >= 999.5e6:
		return fmt.Sprintf("%.1f GB", f/1e9)
	default:
		return fmt.Sprintf("%.0f MB", f/1e6)
	}
}
