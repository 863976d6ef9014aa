package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// lineHandler is a slog.Handler that writes plain lines.
type lineHandler struct {
	out      io.Writer
	terminal bool // a progress bar may be on the line
	attrs    []slog.Attr
}

func newLogger(out io.Writer) *slog.Logger {
	_, isTerminal := terminal(out)
	return slog.New(&lineHandler{out: out, terminal: isTerminal})
}

// Enabled reports whether the level is at least Info.
func (h *lineHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle writes a line.
func (h *lineHandler) Handle(_ context.Context, r slog.Record) error {
	var s strings.Builder
	if h.terminal {
		s.WriteString("\r\x1b[K")
	}
	if r.Level >= slog.LevelWarn {
		s.WriteString(strings.ToLower(r.Level.String()) + ": ")
	}
	s.WriteString(r.Message)
	add := func(a slog.Attr) bool {
		fmt.Fprintf(&s, ", %s: %v", a.Key, a.Value)
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	s.WriteByte('\n')
	_, err := io.WriteString(h.out, s.String())
	return err
}

// WithAttrs adds attributes to each line.
func (h *lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	more := *h
	more.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return &more
}

// WithGroup does nothing: plain lines have no groups.
func (h *lineHandler) WithGroup(string) slog.Handler { return h }
