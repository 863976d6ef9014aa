package trainer

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/euryale-ml/euryale/run"
)

// callHooks calls a function of every hook. ErrStop ends the run after the current step;
// other errors and panics are recorded as faults and end nothing.
func (t *Trainer) callHooks(event string, call func(h *Hook) error) {
	for i := range t.config.Hooks {
		h := &t.config.Hooks[i]
		name := cmp.Or(h.Name, fmt.Sprintf("#%d", i+1))
		err, panicked := callHook(h, call)
		switch {
		case err == nil:
		case !panicked && errors.Is(err, ErrStop):
			t.stopped = cmp.Or(t.stopped, fmt.Sprintf("hook %s: %v", name, err))
		default:
			t.fault(run.HookFault{Hook: name, Event: event, Count: 1, Error: err.Error(), Panic: panicked})
		}
	}
}

// fault counts a fault; the first of a hook's function is logged.
func (t *Trainer) fault(f run.HookFault) {
	for i := range t.at.Faults {
		if known := &t.at.Faults[i]; known.Hook == f.Hook && known.Event == f.Event {
			known.Count++
			return
		}
	}
	t.at.Faults = append(t.at.Faults, f)
	if f.Panic {
		t.logError("a hook panicked", "hook", f.Hook, "event", f.Event, "panic", f.Error)
		return
	}
	t.logWarn("a hook failed", "hook", f.Hook, "event", f.Event, "error", f.Error)
}

// callHook makes a call of a hook and turns a panic into an error.
func callHook(h *Hook, call func(h *Hook) error) (err error, panicked bool) {
	defer func() {
		if p := recover(); p != nil {
			err, panicked = fmt.Errorf("%v", p), true
		}
	}()
	return call(h), false
}

// logWarn and logError write to the Logger; a Logger that panics ends nothing.
func (t *Trainer) logWarn(message string, args ...any) {
	defer func() { _ = recover() }()
	t.config.Logger.Warn(message, args...)
}

func (t *Trainer) logError(message string, args ...any) {
	defer func() { _ = recover() }()
	t.config.Logger.Error(message, args...)
}
