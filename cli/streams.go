package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// messages is standard error; goroutines write complete pieces to it. Its writes never fail,
// since a closed terminal or pipe or a full disk must not end a run: the text is lost then.
type messages struct {
	mu     sync.Mutex
	w      *os.File
	closed bool
}

func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		_, err := m.w.Write(p)
		m.closed = isDisconnected(err)
	}
	return len(p), nil
}

// Fd is the stream's file descriptor, for terminal.
func (m *messages) Fd() uintptr { return m.w.Fd() }

// results is standard output. It records the first write that failed.
type results struct {
	mu  sync.Mutex
	w   *os.File
	err error
}

func (r *results) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.w.Write(p)
	if err != nil {
		r.err = outputError{err}
	}
	return n, r.err
}

// Fd is the stream's file descriptor, for terminal.
func (r *results) Fd() uintptr { return r.w.Fd() }

// codeOf is the exit code of a command that returned code: Failed if its results could not be
// written. If the reader closed the pipe, as head does, there is no message.
func (r *results) codeOf(code int, messages io.Writer) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || code != Done {
		return code
	}
	if !isClosed(r.err) {
		fmt.Fprintf(messages, "the results could not be written to standard output: %v\n", oneLine(r.err))
	}
	return Failed
}

// outputError is a write to standard output that failed.
type outputError struct{ error }

func (e outputError) Unwrap() error { return e.error }

// isClosed reports whether an error is a write to a closed standard output.
func isClosed(err error) bool {
	var e outputError
	return errors.As(err, &e) && isDisconnected(e.error)
}

// isDisconnected reports whether an error is that of a closed pipe or terminal.
func isDisconnected(err error) bool {
	return errors.Is(err, os.ErrClosed) || slices.ContainsFunc(disconnectErrors, func(e error) bool { return errors.Is(err, e) })
}

// exitHelp lists the exit codes.
var exitHelp = fmt.Sprintf("Exit codes: %d done, %d failed (also where the results cannot be written), %d usage, %d stopped by a signal after saving.\n"+
	"Ctrl-C, SIGTERM, SIGHUP (a closed terminal, unless under nohup) and, under a launcher such as Slurm, SIGUSR1 stop a run after\n"+
	"its current step; a second Ctrl-C or SIGTERM ends it at once.\n", Done, Failed, Usage, Stopped)
