package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// launcherSignals are the signals by which a launcher announces the end of a job: none here.
var launcherSignals []os.Signal

// disconnectErrors are the errors of writing to a closed pipe.
var disconnectErrors = []error{windows.ERROR_BROKEN_PIPE, windows.ERROR_NO_DATA}

// keepAliveOnPipes does nothing: there is no SIGPIPE here.
func keepAliveOnPipes() {}
