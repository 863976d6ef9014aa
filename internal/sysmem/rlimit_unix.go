//go:build linux || darwin || freebsd || netbsd

package sysmem

import (
	"math"

	"golang.org/x/sys/unix"
)

// rlimits are the resource limits on memory. used is the process's use of each limit in bytes;
// a limit that is missing in it counts as unused.
func rlimits(used map[int]int64) (list []Bound) {
	for _, r := range []struct {
		resource int
		name     string
	}{{unix.RLIMIT_AS, "ulimit -v"}, {unix.RLIMIT_DATA, "ulimit -d"}} {
		var l unix.Rlimit
		if unix.Getrlimit(r.resource, &l) != nil || uint64(l.Cur) > math.MaxInt64/2 {
			continue
		}
		list = append(list, Bound{Name: r.name, Limit: int64(l.Cur), Free: int64(l.Cur) - used[r.resource] - addressReserve(), Hard: true, Address: true})
	}
	return list
}
