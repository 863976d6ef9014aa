package track

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"
)

// parcel is consecutive records with the offsets in the journal where they end.
type parcel struct {
	records []Record
	ends    []int64 // in the file; nil if the records are only in memory
}

// sending delivers records until ctx is done.
func (b *Outbox) sending(ctx context.Context) {
	opened, failures := false, 0
	var wait time.Duration // before the next attempt
	var last time.Time     // of the last delivery
	var settle []chan struct{}
	idle := func() {
		for _, c := range settle {
			close(c)
		}
		settle = nil
	}
	defer func() {
		if opened {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closePatience/2)
			defer cancel()
			b.try(func() error { return b.sink.Close(closing) })
		}
	}()
	for {
		settle = b.asked(settle)
		left, stopped := b.toSend()
		if pause := max(wait, b.pause(left, last, len(settle) > 0)); pause > 0 && left > 0 && !stopped {
			began := time.Now() // checked before records are read, since every step of the run wakes this loop
			if !b.sleep(ctx, pause) {
				return
			}
			wait = max(0, wait-time.Since(began))
			continue
		}
		var p parcel
		if left > 0 && !stopped {
			p = b.parcel()
		}
		if len(p.records) == 0 {
			idle()
			if !b.sleep(ctx, 0) {
				return
			}
			continue
		}
		b.mu.Lock()
		b.trouble.ask()
		b.mu.Unlock()
		var err error
		if !opened {
			if err = b.open(ctx); err == nil {
				opened = true
			}
		}
		if err == nil {
			var done int
			if done, err = b.deliver(ctx, p); done > 0 {
				failures = 0 // Tries counts only attempts that send nothing
			}
			last = time.Now()
		}
		if ctx.Err() != nil {
			return
		}
		wait = b.after(err, &failures)
	}
}

// asked receives the requests of Flush.
func (b *Outbox) asked(settle []chan struct{}) []chan struct{} {
	for {
		select {
		case c := <-b.settled:
			settle = append(settle, c)
		default:
			return settle
		}
	}
}

// sleep waits for work, at most for d if that is not 0; false: ctx is done.
func (b *Outbox) sleep(ctx context.Context, d time.Duration) bool {
	var timer <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-b.send:
	case <-timer:
	case <-ctx.Done():
		return false
	}
	return ctx.Err() == nil
}

// pause returns how long left records wait for more: 0 if a Flush waits for them.
func (b *Outbox) pause(left int, last time.Time, flushing bool) time.Duration {
	if flushing || left >= b.o.Batch || last.IsZero() {
		return 0
	}
	return b.o.Interval - time.Since(last)
}

// toSend returns the number of unsent records, and whether sending has ended.
func (b *Outbox) toSend() (left int, stopped bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sum.Left, b.sum.Stopped
}

// parcel returns the next records to send: from the file, then from memory if they cannot
// be written.
func (b *Outbox) parcel() parcel {
	b.disk.Lock()
	defer b.disk.Unlock()
	if b.journal == nil {
		return parcel{}
	}
	records, ends, err := b.journal.next(b.o.Batch)
	if err != nil {
		b.mu.Lock()
		b.trouble.disk = err
		b.mu.Unlock()
	}
	if len(records) > 0 {
		return parcel{records, ends}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.broken {
		return parcel{}
	}
	return parcel{records: append([]Record(nil), b.pending[:min(len(b.pending), b.o.Batch)]...)}
}

// open creates or finds the run at the service.
func (b *Outbox) open(ctx context.Context) error {
	b.disk.Lock()
	if b.journal == nil {
		b.disk.Unlock()
		return context.Canceled
	}
	s := b.journal.state
	b.disk.Unlock()
	var remote Remote
	err := b.try(func() (err error) {
		remote, err = b.sink.Open(ctx, RunInfo{Dir: b.o.Dir, Name: b.o.Name, ID: s.ID, Created: s.Created, Remote: s.Remote})
		return err
	})
	if err != nil {
		return err
	}
	b.disk.Lock()
	if b.journal != nil {
		b.journal.state.Remote = remote
		err = b.journal.writeState()
	}
	b.disk.Unlock()
	b.mu.Lock()
	b.sum.Remote, b.sum.URL = remote, remote.URL
	b.mu.Unlock()
	if err != nil {
		b.notice(err)
	}
	return nil
}

// deliver sends a parcel; a missing file or picture counts as refused. It returns how many
// records need no further call.
func (b *Outbox) deliver(ctx context.Context, p parcel) (int, error) {
	records := b.present(p.records)
	if len(records) == 0 {
		b.done(p, 1, 1)
		return 1, &Refusal{Records: 1, Err: fmt.Errorf("%s is missing", p.records[0].Path)}
	}
	n := 0
	err := b.try(func() (err error) {
		n, err = b.sink.Deliver(ctx, records)
		return err
	})
	refused := 0
	var r *Refusal
	if errors.As(err, &r) {
		refused = min(r.Records, len(records))
		n = max(n, refused)
	}
	n = min(max(n, 0), len(records))
	b.done(p, n, refused)
	return n, err
}

// try calls a Sink and turns a panic into an ErrStop.
func (b *Outbox) try(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %s panicked: %v", ErrStop, b.o.Service, r)
		}
	}()
	return call()
}

// done records that the first n records of a parcel were sent or refused.
func (b *Outbox) done(p parcel, n, refused int) {
	if n == 0 {
		return
	}
	b.disk.Lock()
	defer b.disk.Unlock()
	var err error
	if b.journal != nil {
		if p.ends != nil {
			b.journal.at = p.ends[n-1]
		}
		b.journal.state.Done = p.records[n-1].Seq
		b.journal.state.Refused += refused
		err = b.journal.writeState()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.trouble.disk = err
	}
	if p.ends == nil {
		for len(b.pending) > 0 && b.pending[0].Seq <= p.records[n-1].Seq {
			b.pending = b.pending[1:]
		}
	}
	b.sum.Sent += n - refused
	b.sum.Refused += refused
	b.sum.Left -= n
}

// after returns how long to wait after a delivery: 0 if it succeeded.
func (b *Outbox) after(err error, failures *int) time.Duration {
	err = b.refused(err)
	switch {
	case err == nil:
		*failures = 0
		b.mu.Lock()
		b.trouble.worked()
		b.mu.Unlock()
		return 0
	case errors.Is(err, ErrStop):
		b.fail(err, true, "%s accepts no more records: %v; those that are left can be sent later")
		return 0
	}
	if *failures++; *failures == b.o.Tries {
		b.fail(err, true, "")
		return 0
	}
	wait := b.o.MinRetry << min(*failures-1, 20)
	if wait > b.o.MaxRetry || wait <= 0 {
		wait = b.o.MaxRetry
	}
	wait = wait/2 + rand.N(wait/2+1) // jitter, so that many runs do not retry at the same time
	var retry *Retry
	if errors.As(err, &retry) {
		wait = max(wait, retry.After)
	}
	message := ""
	if *failures == 1 {
		message = "%s cannot be reached now: %v; it is tried again"
		if ofFile(err) {
			message = "the files of %s cannot be written now: %v; it is tried again"
		}
		if b.o.Tries == 0 {
			message += ", and training continues"
		}
	}
	b.fail(err, false, message)
	return wait
}

// ofFile reports whether an error is about a file, such as on a full disk, and not about a
// service.
func ofFile(err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	return errors.As(err, &path) || errors.As(err, &link)
}

// refused records the error of refused records, and returns any other error.
func (b *Outbox) refused(err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	b.mu.Lock()
	if b.trouble.refused == nil {
		b.trouble.refused = r.Err
	}
	b.mu.Unlock()
	if r.Then == nil && err != error(r) && errors.Is(err, ErrStop) {
		return err // ErrStop around a Refusal
	}
	return r.Then
}

// fail records an error, and notifies if message is not empty.
func (b *Outbox) fail(err error, stopped bool, message string) {
	b.mu.Lock()
	b.trouble.failed(err)
	b.sum.Stopped = b.sum.Stopped || stopped
	b.mu.Unlock()
	if message != "" {
		b.o.Notify(fmt.Sprintf(message, b.o.Service, err))
	}
}
