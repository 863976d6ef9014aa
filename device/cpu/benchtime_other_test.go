//go:build !linux

package cpu_test

import "time"

func threadTime() time.Duration { return time.Since(started) }
