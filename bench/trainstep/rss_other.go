//go:build !unix

package main

// peakRSS is 0: the peak memory is unknown on this system.
func peakRSS() int64 { return 0 }
