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

// OutboxOptions say where an outbox is and how it sends. The zero value of each field but
// the first three is replaced by what its comment says.
type OutboxOptions struct {
	Dir     string // the run's folder
	Service string // names the folder of the outbox in Dir/track, and the tracker in messages
	Name    string // the run's telling name

	Queue    int           // records in memory that wait for the disk; more are dropped. 16384
	Batch    int           // records at a time. 1000
	Interval time.Duration // between batches that are not full. 5 s
	Patience time.Duration // how long Finish waits for what is left. 30 s
	MinRetry time.Duration // the first wait after an error, doubled each time. 1 s
	MaxRetry time.Duration // the longest such wait; a service's Retry-After may be longer. 2 min
	// Tries is how often in a row a delivery may fail without any record sent before sending
	// ends, as if the service had refused. 0: as long as the outbox is open.
	Tries int
	// Notify is told, from another goroutine, what a person should know at once: that the
	// service refuses, that the disk is full. nil: nothing is told.
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
		defer func() { _ = recover() }() // it is called from goroutines of the outbox, and must not end the process
		if notify != nil {
			notify(message)
		}
	}
	return o
}

// Outbox is a Tracker that delivers a run to a Sink without ever holding the run up.
// Calls only put a record into memory. One goroutine writes the records into a file in
// the run's folder, another sends them from there, in order, again and again if need be.
// What is not sent when the run ends stays in the file and can be sent later: open the
// outbox again and Flush.
//
// A run that goes on opens its outbox again and may tell everything again: a metric's
// step, a setting, a text or a tag that the outbox has is not recorded a second time.
//
// If the disk takes no more, records wait in memory up to Queue and are sent from there;
// what goes beyond is dropped and counted.
type Outbox struct {
	o    OutboxOptions
	sink Sink

	mu      sync.Mutex // of what follows; held for moments
	pending []Record   // not in the file
	known   *known
	seq     int64
	sum     Delivery // but Err
	trouble trouble
	closed  bool // takes no more records
	broken  bool // the last write failed

	disk    sync.Mutex // of journal
	journal *journal

	write, send chan struct{} // of size 1: something to do
	stop        context.CancelFunc
	ended       chan struct{}      // both goroutines have ended
	settled     chan chan struct{} // asked by Flush: closed when nothing is left to try
}

var _ Tracker = (*Outbox)(nil)

// Delivery is how an outbox did.
type Delivery struct {
	Service   string
	Sent      int    // records that the service took, in this session
	Refused   int    // records that it will never take
	NonFinite int    // values that were no finite numbers; dropped
	Dropped   int    // records for which there was no room
	Left      int    // records that are still to be sent
	URL       string // where a person looks at the run
	Remote    Remote
	Err       error // why records are left or dropped, else the first refusal
	Refusal   error // the first
	Stopped   bool  // the service takes no more: ErrStop
}

// OK reports whether the service has everything.
func (d Delivery) OK() bool { return d.Refused+d.Dropped+d.Left == 0 }

// String is a line for people.
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

// OpenOutbox opens the outbox of a service in a run's folder, or makes it, and begins to
// send what it holds. An outbox that another process has open, or whose files cannot be
// used, is ErrOutbox.
func OpenOutbox(sink Sink, o OutboxOptions) (*Outbox, error) {
	if o.Service == "" || o.Dir == "" || filepath.Base(o.Service) != o.Service {
		return nil, fmt.Errorf("track: %w: Dir %q, Service %q", ErrOutbox, o.Dir, o.Service)
	}
	b := &Outbox{
		o: o.withDefaults(), sink: sink, known: newKnown(), write: make(chan struct{}, 1), send: make(chan struct{}, 1),
		ended: make(chan struct{}), settled: make(chan chan struct{}, 1), sum: Delivery{Service: o.Service},
	}
	j, err := openJournal(filepath.Join(o.Dir, run.OutboxDir, o.Service), func(r Record) { b.known.news(&r) })
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

// add records something, or drops it.
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
	if !b.known.news(&r) {
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

// Finish records the status, waits until everything is sent, ctx is done or Patience is
// over, and closes the outbox. What became of it is in Delivery; the error is always nil.
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

// Ended is the status with which the run ended by the records, "" if anything of a step
// came after it or there is none.
func (b *Outbox) Ended() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known.ended
}

// Flush sends what there is now, without waiting for the interval, and returns when
// nothing is left, when the service takes no more, or when ctx is done, with its error.
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

// closePatience is how long Close waits for a Sink that hangs.
const closePatience = 2 * time.Second

// Close stops sending and gives the files back. What was not sent stays in them. A Sink
// that does not return is left alone.
func (b *Outbox) Close() error {
	b.mu.Lock()
	already := b.closed
	b.closed = true
	b.trouble.stop(b.address())
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
	b.disk.Lock()
	defer b.disk.Unlock()
	err := b.journal.close()
	b.journal = nil
	return err
}

// Delivery is how it went so far.
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

// store writes what is pending into the file. What cannot be written stays pending.
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

// notice tells once that the disk takes no more.
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

// path is where the file of a record is.
func (b *Outbox) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(b.o.Dir, filepath.FromSlash(p))
}

// present gives records the paths that their files have here, up to the first whose file
// is gone: that one is a delivery of its own, so that counts stay simple.
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
