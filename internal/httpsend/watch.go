package httpsend

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// limits are the times that the parts of a request may take. A long transfer is allowed as
// long as it makes progress.
type limits struct {
	connect  time.Duration // until there is a connection, and again for TLS
	response time.Duration // from the end of the request to the end of the answer's head
	stall    time.Duration // without progress of a body
	least    int64         // bytes of a request's body during each stall time: a slower transfer ends
	answer   time.Duration // for the complete body of an answer: answers are short
}

var usual = limits{connect: ConnectTimeout, response: ResponseTimeout, stall: stallTimeout, least: 16 << 10, answer: 3 * time.Minute}

// tooSlow is the error of a limit.
type tooSlow string

func (e tooSlow) Error() string { return string(e) }

var errStalled error = tooSlow("nothing was transferred for a minute")

// watch ends a transfer that makes no progress, or moves less than least bytes in the stall
// time. The time of the complete transfer is not limited.
type watch struct {
	after  time.Duration
	least  int64
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	round int   // number of times that the timer was set
	moved int64 // since it was set
	last  error // set once only the answer is missing: the error if it does not come
	ended bool
}

func newWatch(after time.Duration, cancel context.CancelCauseFunc) *watch {
	w := &watch{after: after, least: 1, cancel: cancel}
	w.set(after)
	return w
}

// set starts the timer. Its end is ignored if set was called again before.
func (w *watch) set(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended { // an answer may come before all of a body was read
		return
	}
	if w.timer != nil {
		w.timer.Stop()
	}
	w.moved = 0
	w.round++
	round := w.round
	w.timer = time.AfterFunc(d, func() { w.end(round) })
}

func (w *watch) end(round int) {
	w.mu.Lock()
	current, moved, last := w.round == round && !w.ended, w.moved, w.last
	w.mu.Unlock()
	switch {
	case !current:
	case last != nil:
		w.cancel(last)
	case moved == 0:
		w.cancel(errStalled)
	case moved < w.least:
		w.cancel(tooSlow(fmt.Sprintf("only %d bytes were transferred in %v", moved, w.after)))
	default:
		w.set(w.after)
	}
}

func (w *watch) progress(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved += int64(n)
}

// expect waits for the answer: the complete request was read, but perhaps not sent yet.
func (w *watch) expect(within time.Duration) {
	w.mu.Lock()
	w.last = tooSlow(fmt.Sprintf("no answer came within %v", within))
	w.mu.Unlock()
	w.set(within)
}

// again restarts the watch for a body that is sent again.
func (w *watch) again() {
	w.mu.Lock()
	w.last = nil
	w.mu.Unlock()
	w.set(w.after)
}

// stop ends the watch for good.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.ended = true
}

func (w *watch) reader(r io.Reader) io.Reader { return &watchedReader{r, w} }

type watchedReader struct {
	io.Reader
	*watch
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.progress(n)
	return n, err
}

// upload is the body of a request.
type upload struct {
	io.ReadCloser
	watch  *watch
	within time.Duration // for the answer after it
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	u.watch.progress(n)
	if err != nil {
		u.watch.expect(u.within)
	}
	return n, err
}
