//go:build !linux && !windows

package sysmem

func bounds() []Bound { return rlimits(nil) }
