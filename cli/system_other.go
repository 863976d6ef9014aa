//go:build !unix && !windows

package cli

import "os"

// launcherSignals are the signals by which a launcher announces the end of a job: none here.
var launcherSignals []os.Signal

// goneErrors are those of writing to a closed pipe that os.ErrClosed does not cover.
var goneErrors []error

// keepAliveOnPipes does nothing: there is no SIGPIPE here.
func keepAliveOnPipes() {}
