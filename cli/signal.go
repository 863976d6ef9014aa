package cli

import (
	"errors"
	"os"
	"slices"
	"syscall"
)

// ErrStopped is the cause of a context that a signal ended.
var ErrStopped = errors.New("stopped by a signal")

// launchers are variables that launchers of jobs set: Slurm, PBS, LSF, Flux, torchrun, and
// what starts MPI programs.
var launchers = []string{
	"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "FLUX_JOB_ID", "TORCHELASTIC_RUN_ID", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK",
}

// stopSignals are the signals that stop a command. SIGHUP, of a closed terminal, is none
// where nohup has it ignored; SIGUSR1 is one under a launcher, which announces the end of
// a job by it, as Slurm's --signal=USR1@60.
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

// waitForStop calls stop at the first signal and returns at the second one of a person. A
// closed terminal may send SIGHUP twice, and a launcher its warning before SIGTERM: these
// do not count.
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
