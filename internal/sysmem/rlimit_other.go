//go:build !linux && !darwin && !freebsd && !netbsd && !windows

package sysmem

func rlimits(map[int]int64) []Bound { return nil }
