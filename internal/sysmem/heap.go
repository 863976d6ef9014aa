package sysmem

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// addressReserve is a reserve of address space, in bytes: Go's heap grows by 64 MB, and each thread of
// the runtime (several per processor) takes a stack of 8 MB or more.
func addressReserve() int64 { return 160<<20 + 16<<20*int64(runtime.GOMAXPROCS(0)) }

// Shortage is the error of Reserve: a limit leaves less than is needed.
type Shortage struct {
	Need, Free int64 // bytes
	Bound      Bound
}

func (s *Shortage) Error() string {
	return fmt.Sprintf("%s more are needed, and %s leaves %s", Text(s.Need), s.Bound.Name, Text(s.Free))
}

// Reserve checks that mapped more bytes can be mapped and that Go's heap can grow by heap
// bytes, if a resource limit counts addresses. Go ends the process when its heap cannot grow
// or a thread has no stack, so this is checked before. Reserve takes no memory. The error is a
// Shortage.
func Reserve(mapped, heap int64) error {
	isAddress := func(b Bound) bool { return b.Address }
	limit := Tightest(Bounds(), isAddress)
	if limit == None {
		return nil
	}
	if limit.Free == 0 { // the collector could not start its threads
		return &Shortage{Need: mapped + heap, Free: 0, Bound: limit}
	}
	runtime.GC() // frees unused memory
	limit = Tightest(Bounds(), isAddress)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	more := max(0, heap-int64(m.HeapIdle))
	if mapped+more > limit.Free || probe(mapped+more+addressReserve()) != nil {
		return &Shortage{Need: mapped + more, Free: limit.Free, Bound: limit}
	}
	if more > 0 {
		runtime.KeepAlive(make([]byte, more)) // never written to: it takes only addresses
	}
	return nil
}

// leastHeap is the smallest limit that LimitHeap sets, in bytes: with less the collector would
// run all the time.
const leastHeap = 128 << 20

// LimitHeap sets the limit of Go's collector to the room that the hard bounds leave, less the
// bytes mapped outside of the heap. If GOMEMLIMIT is set, it does nothing.
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
