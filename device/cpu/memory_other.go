//go:build !unix && !windows

package cpu

import "unsafe"

// allocate takes memory from the Go heap, aligned to 64 bytes.
func allocate(bytes int) ([]byte, error) {
	m := make([]byte, bytes+64)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(m))) & 63)
	return m[skip : skip+bytes : skip+bytes], nil
}

func release([]byte) error { return nil }
