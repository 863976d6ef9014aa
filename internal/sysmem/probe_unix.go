//go:build unix

package sysmem

import "golang.org/x/sys/unix"

// probe is an error if that many bytes cannot be mapped now.
func probe(bytes int64) error {
	m, err := unix.Mmap(-1, 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	return unix.Munmap(m)
}
