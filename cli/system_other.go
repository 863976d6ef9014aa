//go:build !unix && !windows

package cli

import "os"

// launcherSignals are the signals by which a launcher announces the end of a job: none here.
var launcherSignals []os.Signal

// disconnectErrors are the errors of writing to a closed pipe other than os.ErrClosed.
var disconnectErrors []error

// keepAliveOnPipes does nothing: there is no SIGPIPE here.
func keepAliveOnPipes() {}
