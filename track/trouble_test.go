package track

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// addressed is a Sink that has an address.
type addressed struct{ *fakeSink }

func (addressed) Address() string { return "http://server.example" }

// TestCause has services that do not take everything: the line at the end gives the cause,
// also of a call that never returns.
func TestCause(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) }) // after the parallel tests
	hangs := func() (int, error) { <-hang; return 0, errors.New("hung") }
	busy := &Retry{Err: errors.New("503 busy")}
	for name, c := range map[string]struct {
		opening func(call int) error
		script  func(call int, r []Record) (int, error)
		words   []string
	}{
		"hangs at the opening": {func(int) error { _, err := hangs(); return err }, nil, []string{"0 sent, 6 left", "no answer yet from http://server.example after "}},
		"hangs at a delivery":  {nil, func(int, []Record) (int, error) { return hangs() }, []string{"0 sent, 6 left", "no answer yet from http://server.example after "}},
		"hangs after an error": {nil, func(call int, _ []Record) (int, error) {
			if call == 1 {
				return 0, busy
			}
			return hangs()
		}, []string{"no answer yet from", "before that: 503 busy"}},
		"fails again and again": {nil, func(int, []Record) (int, error) { return 0, busy }, []string{"6 left (503 busy; tried "}},
		"refuses, then hangs": {nil, func(call int, r []Record) (int, error) {
			if call == 1 {
				return 2, &Refusal{Records: 1, Err: errors.New("400 bad")}
			}
			return hangs()
		}, []string{"1 sent, 4 left, 1 refused (no answer yet", "; refused: 400 bad)"}},
		"refuses behind an error that passed": {nil, func(call int, r []Record) (int, error) {
			if call == 1 {
				return 1, &Refusal{Records: 1, Err: errors.New("400 bad"), Then: busy}
			}
			return len(r), nil
		}, []string{"5 sent, 1 refused (400 bad)"}},
		"stops behind a refusal": {nil, func(call int, r []Record) (int, error) {
			return 1, &Refusal{Records: 1, Err: errors.New("400 bad"), Then: fmt.Errorf("%w: 402", ErrStop)}
		}, []string{"0 sent, 5 left, 1 refused (", "402; refused: 400 bad)"}},
		"a refusal of what would else stop": {nil, func(call int, r []Record) (int, error) {
			if call == 1 {
				return 1, &Refusal{Records: 1, Err: fmt.Errorf("%w: 403 for a file", ErrStop)}
			}
			return len(r), nil
		}, []string{"5 sent, 1 refused (", "403 for a file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &fakeSink{opening: c.opening, script: c.script}
			b := openHolding(t, 6, addressed{s}, func(o *OutboxOptions) { o.Patience = time.Millisecond })
			lacks := func() (list []string) {
				return slices.DeleteFunc(slices.Clone(c.words), func(words string) bool { return strings.Contains(b.Delivery().String(), words) })
			}
			for end := time.Now().Add(20 * time.Second); len(lacks()) > 0 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			b.Close() // keeps what is known
			d := b.Delivery()
			if list := lacks(); len(list) > 0 {
				t.Errorf("%s\nlacks %q", d, list)
			}
			if d.OK() || d.Err == nil || d.Sent+d.Left+d.Refused+d.Dropped != 6 {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestWaitsBehindARefusal has a service that refuses a record and asks to wait with the
// others: it is not asked again before.
func TestWaitsBehindARefusal(t *testing.T) {
	s := &fakeSink{script: func(call int, r []Record) (int, error) {
		return 1, &Refusal{Records: 1, Err: errors.New("400"), Then: &Retry{After: time.Hour, Err: errors.New("429")}}
	}}
	b := openHolding(t, 5, s, func(o *OutboxOptions) { o.Patience = 100 * time.Millisecond })
	await(t, "a record is refused", func() bool { return b.Delivery().Refused > 0 })
	b.Finish(context.Background(), "finished")
	if d := b.Delivery(); s.calls != 1 || d.Refused != 1 || d.Left != 5 {
		t.Errorf("%d calls, %+v", s.calls, d)
	}
}

// TestCountsAddUp has a service that answers at random, over several sessions: what was
// sent, refused, dropped or left is everything.
func TestCountsAddUp(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 8))
		dir, told, sent, refused, dropped := t.TempDir(), 0, 0, 0, 0
		s := &fakeSink{script: func(_ int, records []Record) (int, error) {
			n := r.IntN(len(records) + 1)
			no := r.IntN(n + 1)
			bad := &Refusal{Records: no, Err: errors.New("bad")}
			switch r.IntN(6) {
			case 0:
				return n, &Retry{Err: errors.New("busy")}
			case 1:
				return n, errors.New("odd")
			case 2:
				return n, bad
			case 3:
				bad.Then = &Retry{Err: errors.New("busy")}
				return n, bad
			case 4:
				bad.Then = errors.New("odd")
				return n, bad
			}
			return len(records), nil
		}}
		for session := range 3 {
			b := openTest(t, dir, s, func(o *OutboxOptions) { o.Batch, o.Queue = 7, 20 })
			tell(b, told+1, told+40)
			told += 40
			if session == 2 {
				flush(t, b)
			}
			b.Close()
			d := b.Delivery()
			sent, refused, dropped = sent+d.Sent, refused+d.Refused, dropped+d.Dropped
			if sent+refused+dropped+d.Left != told {
				t.Errorf("seed %d, session %d: %d sent, %d refused, %d dropped, %d left of %d", seed, session, sent, refused, dropped, d.Left, told)
			}
		}
	}
}

// TestNotices has a service that is not there, and files that cannot be written: the notice
// names which of both it is. A Notify and an Address that panic do no harm.
func TestNotices(t *testing.T) {
	full := fmt.Errorf("tensorboard: %w", &fs.PathError{Op: "write", Path: "events", Err: errors.New("no space left on device")})
	for words, err := range map[string]error{
		"fake cannot be reached now: 503; it is tried again": &Retry{Err: errors.New("503")},
		"the files of fake cannot be written now: ":          full,
	} {
		notes := make(chan string, 100)
		s := &fakeSink{script: func(call int, r []Record) (int, error) {
			if call == 1 {
				return 0, err
			}
			return len(r), nil
		}}
		b := openTest(t, t.TempDir(), unaddressed{s}, func(o *OutboxOptions) {
			o.Notify = func(message string) { notes <- message; panic("no") }
		})
		tell(b, 1, 5)
		flush(t, b)
		if note := <-notes; !strings.Contains(note, words) || err == full && strings.Contains(note, "reached") {
			t.Errorf("%q, want %q", note, words)
		}
		if d := b.Delivery(); d.Sent != 5 || !d.OK() {
			t.Errorf("%+v", d)
		}
	}
}

// unaddressed is a Sink whose address panics.
type unaddressed struct{ *fakeSink }

func (unaddressed) Address() string { panic("no address") }

// TestTries has a service that takes one record at every other call, and fails behind it:
// sending continues as long as anything is sent, and ends after Tries in a row where nothing
// is.
func TestTries(t *testing.T) {
	s := &fakeSink{script: func(call int, r []Record) (int, error) {
		if call%2 == 1 {
			return 0, &Retry{Err: errors.New("503")}
		}
		return 1, &Retry{Err: errors.New("503")}
	}}
	b := openHolding(t, 20, s, func(o *OutboxOptions) { o.Tries = 3 })
	flush(t, b)
	if d := b.Delivery(); d.Sent != 20 || d.Stopped || s.calls != 40 {
		t.Errorf("%+v after %d calls", d, s.calls)
	}
	b.Close()
	s = &fakeSink{script: func(int, []Record) (int, error) { return 0, &Retry{Err: errors.New("503")} }}
	b = openHolding(t, 20, s, func(o *OutboxOptions) { o.Tries = 3 })
	flush(t, b)
	if d := b.Delivery(); d.Sent != 0 || d.Left != 20 || !d.Stopped || s.calls != 3 {
		t.Errorf("%+v after %d calls", d, s.calls)
	}
}
