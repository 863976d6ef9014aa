package trainer

import "fmt"

// tell calls a function of every hook. What goes wrong there is logged and ends nothing.
func (t *Trainer) tell(event string, call func(h *Hook) error) {
	for i := range t.config.Hooks {
		h := &t.config.Hooks[i]
		if err := callHook(h, call); err != nil {
			t.logWarn("a hook failed", "hook", h.Name, "event", event, "error", err)
		}
	}
}

// callHook makes a call of a hook and turns a panic into an error.
func callHook(h *Hook, call func(h *Hook) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrPanic, p)
		}
	}()
	return call(h)
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
