package trainer

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// TestInterrupted tells the end of a context from faults that come while it has ended.
func TestInterrupted(t *testing.T) {
	cause, fault := errors.New("Ctrl-C"), errors.New("input/output error")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	timed, stop := context.WithTimeout(context.Background(), 0)
	defer stop()
	<-timed.Done()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want bool
	}{
		{ended, cause, true}, {ended, fmt.Errorf("dataset: %w", cause), true}, {ended, context.Canceled, true},
		{ended, fault, false}, {ended, context.DeadlineExceeded, false}, {ended, ErrDiverged, false},
		{timed, context.DeadlineExceeded, true}, {timed, fault, false},
		{context.Background(), context.Canceled, false}, {context.Background(), fault, false},
	} {
		got := interrupted(c.ctx, c.err)
		stop, ok := got.(*interruption)
		if ok != c.want || ok && stop.cause != context.Cause(c.ctx) || !ok && got != c.err {
			t.Errorf("%v while %v: %v", c.err, context.Cause(c.ctx), got)
		}
	}
}
