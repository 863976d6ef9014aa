package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Exit codes of the commands.
const (
	Done    = 0   // all went well
	Failed  = 1   // it could not be done; a line says why
	Usage   = 2   // wrong flags, keys or values
	Stopped = 130 // stopped by Ctrl-C or SIGTERM, after saving
)

// ErrStopped is the cause of a context that Ctrl-C or SIGTERM ended.
var ErrStopped = errors.New("stopped by a signal")

// IO is what a command reads and writes.
type IO struct {
	In  io.Reader // standard input
	Out io.Writer // results
	Err io.Writer // progress and errors
}

// A Command runs with its arguments, without the program's name, and returns an exit
// code. It ends early, saving what it has, when ctx is cancelled.
type Command func(ctx context.Context, s IO, args []string) int

// Main runs c with the process's arguments and streams and exits with its code. The
// first Ctrl-C or SIGTERM cancels the command's context with ErrStopped, a second one
// ends the process at once.
func Main(c Command) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	s := IO{In: os.Stdin, Out: os.Stdout, Err: &sharedWriter{w: os.Stderr}}
	go func() {
		<-signals
		cancel(ErrStopped)
		fmt.Fprintln(s.Err, "\nstopping: what is in hand is ended and saved; Ctrl-C again ends at once")
		<-signals
		os.Exit(Stopped)
	}()
	os.Exit(c(ctx, s, os.Args[1:]))
}

// sharedWriter lets goroutines write whole pieces to one stream.
type sharedWriter struct {
	mu sync.Mutex
	w  *os.File
}

func (s *sharedWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// Fd tells what the stream is, for terminal.
func (s *sharedWriter) Fd() uintptr { return s.w.Fd() }

// fail says in one line what went wrong and returns the code that fits.
func fail(s IO, command string, err error) int {
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
