//go:build unix

package cpu

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// allocate maps zeroed pages outside the Go heap, where the collector neither
// scans them nor counts them towards its goal.
func allocate(bytes int) ([]byte, error) {
	m, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("cpu: %d bytes of memory: %w", bytes, err)
	}
	if runtime.GOOS == "linux" && bytes >= 4<<20 {
		const hugePage = 14           // MADV_HUGEPAGE
		_ = unix.Madvise(m, hugePage) // a hint: kernels without huge pages refuse it
	}
	return m, nil
}

func release(m []byte) error { return unix.Munmap(m) }
