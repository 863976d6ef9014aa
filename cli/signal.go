package cli

import (
	"errors"
	"os"
	"slices"
	"syscall"
)

// ErrStopped is the cause of a context that was cancelled by a signal.
var ErrStopped = errors.New("stopped by a signal")

// launchers are environment variables that launchers of jobs set: Slurm, PBS, LSF, Flux,
// torchrun, and those of MPI.
var launchers = []string{
	"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID", "TORCHELASTIC_RUN_ID", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK",
}

// stopSignals are the signals that stop a command. SIGHUP, from a closed terminal, is not
// among them under nohup, which ignores it; SIGUSR1 is, under a launcher, which announces the
// end of a job by it, as with Slurm's --signal=USR1@60.
func stopSignals(env func(string) string, ignored func(os.Signal) bool) []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	if slices.ContainsFunc(launchers, func(name string) bool { return env(name) != "" }) {
		signals = append(signals, launcherSignals...)
	}
	return signals
}

// waitForStop calls stop at the first signal and returns at the second one, which has to be
// SIGINT or SIGTERM and sent by a person: a closed terminal may send SIGHUP twice, and a
// launcher sends its warning before SIGTERM; these do not count.
func waitForStop(signals <-chan os.Signal, stop func()) {
	stopped, asked := false, 0
	for s := range signals {
		if !stopped {
			stopped = true
			stop()
		}
		if s != os.Interrupt && s != syscall.SIGTERM {
			continue
		}
		if asked++; asked == 2 {
			return
		}
	}
}
