package track

import (
	"fmt"
	"time"
)

// trouble is why an outbox has not delivered everything.
type trouble struct {
	sending error     // of the last attempt, until one succeeds
	tries   int       // consecutive failures
	since   time.Time // time of the first of them
	asked   time.Time // start of the current call of the Sink; zero: there is none
	disk    error     // the last error about a file of the outbox
	refused error     // the first refusal
}

// ask records that a call of the Sink begins.
func (t *trouble) ask() { t.asked = time.Now() }

// worked records that a call of the Sink succeeded.
func (t *trouble) worked() { t.sending, t.tries, t.asked = nil, 0, time.Time{} }

// failed records that a call of the Sink failed.
func (t *trouble) failed(err error) {
	if t.tries == 0 {
		t.since = time.Now()
	}
	t.sending, t.tries, t.asked = err, t.tries+1, time.Time{}
}

// stop records the final error, when a call in progress is abandoned.
func (t *trouble) stop(address string) {
	t.sending, t.tries, t.asked = t.now(address), 0, time.Time{}
}

// now returns why the outbox cannot send: the last error, and for how long it has waited for
// an answer.
func (t *trouble) now(address string) error {
	err := t.sending
	if err != nil && t.tries > 1 {
		err = fmt.Errorf("%w; tried %d times in %v", err, t.tries, since(t.since))
	}
	switch {
	case t.asked.IsZero():
		return err
	case err != nil:
		return fmt.Errorf("no answer yet from %s after %v; before that: %w", address, since(t.asked), err)
	}
	return fmt.Errorf("no answer yet from %s after %v", address, since(t.asked))
}

// cause returns the error that best explains a delivery.
func (t *trouble) cause(d Delivery, address string) error {
	if d.Left > 0 {
		if err := t.now(address); err != nil {
			return err
		}
	}
	for _, err := range []error{t.disk, t.refused, t.sending} {
		if err != nil {
			return err
		}
	}
	return nil
}

// since is the rounded time since then.
func since(then time.Time) time.Duration {
	d := time.Since(then)
	if d > time.Second {
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}

// address is the Sink's address, without secrets, or the service's name if it has no
// address.
func (b *Outbox) address() (address string) {
	defer func() {
		if recover() != nil {
			address = b.o.Service
		}
	}()
	if s, ok := b.sink.(interface{ Address() string }); ok {
		return s.Address()
	}
	return b.o.Service
}
