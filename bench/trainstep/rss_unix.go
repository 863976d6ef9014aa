//go:build unix

package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// peakRSS is the peak resident memory of this process in bytes.
func peakRSS() int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" { // in bytes there, in kilobytes elsewhere
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) * 1024
}
