package track

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/euryale-ml/euryale/run"
)

// OutboxOptions are the settings of an outbox. Zero values of all fields but the first three
// mean the default at the end of the field's comment.
type OutboxOptions struct {
	Dir     string // the run's folder
	Service string // name of the outbox's folder in Dir/track, and of the tracker in messages
	Name    string // the run's name, for people

	Queue    int           // most records in memory that wait for the disk; more are dropped. 16384
	Batch    int           // most records in a delivery. 1000
	Interval time.Duration // time between batches that are not full. 5 s
	Patience time.Duration // how long Finish waits for unsent records. 30 s
	MinRetry time.Duration // the first wait after an error, doubled each time. 1 s
	MaxRetry time.Duration // the longest such wait; a service's Retry-After may be longer. 2 min
	// Tries is the number of consecutive failed deliveries, without any record sent, after
	// which sending ends as after an ErrStop. 0: no limit.
	Tries int
	// Notify is called from another goroutine with messages for people, such as that the
	// service refuses records or the disk is full. nil: no messages.
	Notify func(message string)
}

func (o OutboxOptions) withDefaults() OutboxOptions {
	set := func(v *time.Duration, usual time.Duration) {
		if *v <= 0 {
			*v = usual
		}
	}
	set(&o.Interval, 5*time.Second)
	set(&o.Patience, 30*time.Second)
	set(&o.MinRetry, time.Second)
	set(&o.MaxRetry, 2*time.Minute)
	if o.Queue <= 0 {
		o.Queue = 16384
	}
	if o.Batch <= 0 {
		o.Batch = 1000
	}
	notify := o.Notify
	o.Notify = func(message string) {
		defer func() { _ = recover() }() // Notify is called from goroutines of the outbox, and a panic must not end the process
		if notify != nil {
			notify(message)
		}
	}
	return o
}

// Outbox is a Tracker that delivers a run to a Sink without ever blocking the run. Calls
// only store a record in memory. One goroutine writes the records to a file in the run's
// folder, another sends them from there, in order, with retries. Records not sent when the
// run ends stay in the file and can be sent later: open the outbox again and Flush.
//
// A resumed run opens its outbox again and may repeat all calls: a metric's step, a setting,
// a text or a tag that the outbox already has is not recorded again.
//
// If the disk is full, up to Queue records wait in memory and are sent from there; further
// ones are dropped and counted.
type Outbox struct {
	o    OutboxOptions
	sink Sink

	mu      sync.Mutex // guards the fields up to the next mutex; held only briefly
	pending []Record   // not in the file yet
	known   *known
	seq     int64
	sum     Delivery // without Err
	trouble trouble
	closed  bool // no more records are accepted
	broken  bool // the last write failed

	disk    sync.Mutex // guards journal
	journal *journal

	write, send chan struct{} // of size 1: wake the goroutines
	stop        context.CancelFunc
	ended       chan struct{}      // closed when both goroutines have ended
	settled     chan chan struct{} // requests of Flush: closed when nothing is left to send
}

var _ Tracker = (*Outbox)(nil)

// Delivery counts the records of an outbox and explains failures.
type Delivery struct {
	Service   string
	Sent      int    // records that the service accepted in this session
	Refused   int    // records that it refused for good
	NonFinite int    // values that were not finite, and dropped
	Dropped   int    // records dropped because the queue was full
	Left      int    // records still to be sent
	URL       string // the run's web page
	Remote    Remote
	Err       error // why records are left or were dropped, else the first refusal
	Refusal   error // the first refusal
	Stopped   bool  // sending has ended: ErrStop
}

// OK reports whether the service has all records.
func (d Delivery) OK() bool { return d.Refused+d.Dropped+d.Left == 0 }

// String returns a readable line.
func (d Delivery) String() string {
	parts := []string{fmt.Sprintf("%s: %d sent", d.Service, d.Sent)}
	for _, p := range []struct {
		n    int
		what string
	}{{d.Left, "left"}, {d.Refused, "refused"}, {d.Dropped, "dropped"}, {d.NonFinite, "values not finite"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	text := strings.Join(parts, ", ")
	if d.OK() {
		return text
	}
	var causes []string
	for _, err := range []error{d.Err, d.Refusal} {
		if err != nil && !slices.Contains(causes, err.Error()) {
			causes = append(causes, err.Error())
		}
	}
	if len(causes) > 0 {
		text += fmt.Sprintf(" (%s)", strings.Join(causes, "; refused: "))
	}
	return text
}

// OpenOutbox opens the outbox of a service in a run's folder, or creates it, and begins to
// send its records. It returns ErrOutbox if another process has it open or its files cannot
// be used.
func OpenOutbox(sink Sink, o OutboxOptions) (*Outbox, error) {
	if o.Service == "" || o.Dir == "" || filepath.Base(o.Service) != o.Service {
		return nil, fmt.Errorf("track: %w: Dir %q, Service %q", ErrOutbox, o.Dir, o.Service)
	}
	b := &Outbox{
		o: o.withDefaults(), sink: sink, known: newKnown(), write: make(chan struct{}, 1), send: make(chan struct{}, 1),
		ended: make(chan struct{}), settled: make(chan chan struct{}, 1), sum: Delivery{Service: o.Service},
	}
	j, err := openJournal(filepath.Join(o.Dir, run.OutboxDir, o.Service), func(r Record) { b.known.addNew(&r) })
	if err != nil {
		return nil, err
	}
	b.journal, b.seq = j, j.lastSeq
	if j.damaged {
		b.o.Notify(fmt.Sprintf("%s: a line of %s is damaged; records from there on are taken from %s again",
			o.Service, filepath.Join(j.dir, recordsFile), run.LinesFile))
	}
	b.sum.Left, b.sum.Remote, b.sum.URL = j.left, j.state.Remote, j.state.Remote.URL
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	var both sync.WaitGroup
	both.Go(func() { b.writing(ctx) })
	both.Go(func() { b.sending(ctx) })
	go func() {
		both.Wait()
		close(b.ended)
	}()
	return b, nil
}

// add queues a record, or drops it.
func (b *Outbox) add(r Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		b.sum.Dropped++
		return nil
	}
	if len(b.pending) >= b.o.Queue {
		b.sum.Dropped++
		return nil
	}
	if !b.known.addNew(&r) {
		return nil
	}
	b.seq++
	r.Seq = b.seq
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	b.pending = append(b.pending, r)
	b.sum.Left++
	rouse(b.write)
	return nil
}

func rouse(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Finish records the status, waits until all records are sent, ctx is done or Patience is
// over, and closes the outbox. Delivery has the results; the error is always nil.
func (b *Outbox) Finish(ctx context.Context, status string) error {
	b.End(status)
	ctx, cancel := context.WithTimeout(ctx, b.o.Patience)
	defer cancel()
	b.Flush(ctx)
	b.Close()
	return nil
}

// End records the status with which the run ended, without waiting.
func (b *Outbox) End(status string) error {
	return b.add(Record{Kind: FinishRecord, Status: status})
}

// Ended returns the recorded status with which the run ended, "" if there is none or a step
// came after it.
func (b *Outbox) Ended() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known.ended
}

// Flush sends all records without waiting for the interval. It returns when none is left,
// when sending has ended (ErrStop), or when ctx is done, with ctx's error.
func (b *Outbox) Flush(ctx context.Context) error {
	done := make(chan struct{})
	if err := b.store(); err != nil {
		b.notice(err)
	}
	select {
	case b.settled <- done:
	case <-b.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	rouse(b.send)
	select {
	case <-done:
	case <-b.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// closePatience is how long Close waits for a Sink that does not return.
const closePatience = 2 * time.Second

// Close stops sending and closes the files. Unsent records stay in them. A Sink that does
// not return is abandoned.
func (b *Outbox) Close() error {
	b.mu.Lock()
	already := b.closed
	b.closed = true
	b.mu.Unlock()
	if already {
		return nil
	}
	b.store()
	b.stop()
	select {
	case <-b.ended:
	case <-time.After(closePatience):
	}
	b.mu.Lock()
	b.trouble.stop(b.address()) // now no attempt that still fails can replace the error
	b.mu.Unlock()
	b.disk.Lock()
	defer b.disk.Unlock()
	err := b.journal.close()
	b.journal = nil
	return err
}

// Delivery returns the results so far.
func (b *Outbox) Delivery() Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.sum
	d.Err, d.Refusal = b.trouble.cause(d, b.address()), b.trouble.refused
	return d
}

// writing moves records from memory into the file.
func (b *Outbox) writing(ctx context.Context) {
	for {
		select {
		case <-b.write:
		case <-ctx.Done():
			return
		}
		if err := b.store(); err != nil {
			b.notice(err)
		}
		rouse(b.send)
	}
}

// store writes the pending records to the file. Those that cannot be written stay pending.
func (b *Outbox) store() error {
	b.disk.Lock()
	defer b.disk.Unlock()
	b.mu.Lock()
	records := slices.Clone(b.pending)
	b.mu.Unlock()
	if len(records) == 0 || b.journal == nil {
		return nil
	}
	err := b.journal.append(records)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.pending = slices.Delete(b.pending, 0, len(records))
		b.broken = false
	}
	return err
}

// notice notifies once that records cannot be written.
func (b *Outbox) notice(err error) {
	b.mu.Lock()
	first := !b.broken
	b.broken = true
	b.trouble.disk = err
	b.mu.Unlock()
	if first {
		b.o.Notify(fmt.Sprintf("%s: %v; up to %d records wait in memory", b.o.Service, err, b.o.Queue))
	}
}

// path is the path of a record's file.
func (b *Outbox) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(b.o.Dir, filepath.FromSlash(p))
}

// present sets the records' paths to those on this machine, up to the first record whose
// file is missing: that one is delivered alone, so that counts stay simple.
func (b *Outbox) present(records []Record) []Record {
	var list []Record
	for _, r := range records {
		if r.Kind == ImageRecord || r.Kind == FileRecord {
			r.Path = b.path(r.Path)
			if _, err := os.Stat(r.Path); errors.Is(err, os.ErrNotExist) {
				break
			}
		}
		list = append(list, r)
	}
	return list
}
