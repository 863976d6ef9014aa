//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// launcherSignals are the signals by which a launcher announces the end of a job.
var launcherSignals = []os.Signal{syscall.SIGUSR1}

// disconnectErrors are the errors of writing to a closed pipe or terminal.
var disconnectErrors = []error{syscall.EPIPE, syscall.EIO}

// keepAliveOnPipes makes a write to a closed standard output or error return an error; by
// default it would end the process.
func keepAliveOnPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
