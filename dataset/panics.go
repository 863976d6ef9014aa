package dataset

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// panicked is the error for a panic with the value p, or, where p is nil, for a
// goroutine that runtime.Goexit ends (testing.T.FailNow calls it). It must be
// called by the deferred function that recovered, since it names the line.
func panicked(where string, p any) error {
	if p == nil {
		p = "runtime.Goexit was called"
	}
	return fatalError{fmt.Errorf("dataset: %w in %s: %v%s", ErrPanic, where, p, origin())}
}

// origin is " (folder/file.go:12)", the line that panicked or ended its
// goroutine, or "" if it cannot be found.
func origin() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for raised := false; ; {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic" || f.Function == "runtime.Goexit":
			raised = true
		case raised && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf(" (%s/%s:%d)", filepath.Base(filepath.Dir(f.File)), filepath.Base(f.File), f.Line)
		}
		if !more {
			return ""
		}
	}
}
