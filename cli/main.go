package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

// Exit codes of the commands.
const (
	Done    = 0   // all went well
	Failed  = 1   // it could not be done; a line gives the reason
	Usage   = 2   // wrong flags, keys or values
	Stopped = 130 // stopped by a signal, after saving
)

// IO are the streams of a command.
type IO struct {
	In  io.Reader // standard input
	Out io.Writer // results
	Err io.Writer // progress and errors
}

// A Command runs with its arguments, without the program's name, and returns an exit code.
// When ctx is cancelled, it saves its state and ends early.
type Command func(ctx context.Context, s IO, args []string) int

// Main runs c with the process's arguments and streams and exits with its code. The first
// stop signal cancels the command's context with ErrStopped, a second Ctrl-C or SIGTERM ends
// the process at once. A closed pipe or terminal does not end a command; results that could
// not be written make the exit code 1.
func Main(c Command) {
	out := &results{w: os.Stdout}
	s := IO{In: os.Stdin, Out: out, Err: &messages{w: os.Stderr}}
	if err := checkMemory(); err != nil { // before signals, which take a thread
		os.Exit(fail(forJSON(s, os.Args[1:]), filepath.Base(os.Args[0]), err))
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	keepAliveOnPipes()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, stopSignals(os.Getenv, signal.Ignored)...)
	go func() {
		waitForStop(signals, func() {
			cancel(ErrStopped)
			fmt.Fprintln(s.Err, "\nstopping; a run first completes and saves its current step (Ctrl-C again ends at once)")
		})
		os.Exit(Stopped)
	}()
	os.Exit(out.codeOf(c(ctx, s, os.Args[1:]), s.Err))
}

// fail prints an error in one line and returns its exit code. With -json it also prints an
// object with the error to standard output.
func fail(s IO, command string, err error) int {
	failedObject(s, err)
	return complain(s, command, err)
}

// complain is fail without the -json object, for a command that prints its own at the end.
func complain(s IO, command string, err error) int {
	if isClosed(err) { // nobody reads the output
		return Failed
	}
	fmt.Fprintf(s.Err, "%s: %v\n", command, oneLine(err))
	return codeOf(err)
}

// usageError is about how a command was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// codeOf is the exit code for an error.
func codeOf(err error) int {
	var u usageError
	switch {
	case err == nil:
		return Done
	case errors.As(err, &u):
		return Usage
	case errors.Is(err, ErrStopped) || errors.Is(err, context.Canceled):
		return Stopped
	}
	return Failed
}
