package track

import (
	"fmt"
	"time"
)

// trouble is why an outbox has not delivered everything.
type trouble struct {
	sending error     // of the last try, until one works
	tries   int       // in a row that failed
	since   time.Time // of the first of them
	asked   time.Time // when the call of the Sink in progress began; zero: there is none
	disk    error     // the last of a file of the outbox
	refused error     // the first refusal
}

// ask notes that a call of the Sink begins.
func (t *trouble) ask() { t.asked = time.Now() }

// worked notes that a call of the Sink went well.
func (t *trouble) worked() { t.sending, t.tries, t.asked = nil, 0, time.Time{} }

// failed notes that one did not.
func (t *trouble) failed(err error) {
	if t.tries == 0 {
		t.since = time.Now()
	}
	t.sending, t.tries, t.asked = err, t.tries+1, time.Time{}
}

// stop keeps what is known at the end, when a call that is in progress is given up.
func (t *trouble) stop(address string) {
	t.sending, t.tries, t.asked = t.now(address), 0, time.Time{}
}

// now is what keeps the outbox from sending: the last error, and how long an answer has
// been awaited.
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

// cause is the error that explains a delivery best.
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

// since is the time since then, for people.
func since(then time.Time) time.Duration {
	d := time.Since(then)
	if d > time.Second {
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}

// address is where the Sink sends, without secrets; the service's name if it has
// no address.
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
