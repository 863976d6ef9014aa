package dataset

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// patience has the time limits of a download, which apply beside those of the
// client.
type patience struct {
	answer time.Duration // for the head of an answer, with connecting, TLS and redirects
	stall  time.Duration // for the next floor bytes of a body
	floor  int64         // so that floor/stall is the slowest rate that is accepted
	sizes  time.Duration // for all answers about sizes, which are shown only
	pause  time.Duration // before the second try; it doubles from try to try
}

// usualPatience is the patience of Download.
var usualPatience = patience{
	answer: 20 * time.Second, stall: 20 * time.Second, floor: 20 << 10, sizes: 10 * time.Second, pause: 200 * time.Millisecond,
}

// watch ends a request when the server keeps it waiting for too long.
type watch struct {
	patience
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	awaits atomic.Value  // string: the part of the answer that is waited for, before its body
	came   int64         // bytes of the body, and
	waited time.Duration // time that was waited for them, since floor bytes had come
}

// watched returns the watch of a request to host; its context is the request's.
func (p patience) watched(ctx context.Context, host string) *watch {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watch{patience: p, cancel: cancel}
	w.awaits.Store("a connection to " + host)
	w.timer = time.AfterFunc(p.answer, func() { cancel(fmt.Errorf("waited %v for %s", p.answer, w.awaits.Load())) })
	w.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		ConnectStart:      func(_, address string) { w.awaits.Store("a connection to " + address) },
		TLSHandshakeStart: func() { w.awaits.Store("the TLS handshake with " + host) },
		GotConn:           func(httptrace.GotConnInfo) { w.awaits.Store("an answer") },
	})
	return w
}

// body watches the reading of a body. The time that its reader takes between
// reads does not count.
func (w *watch) body(r io.Reader) io.Reader {
	w.timer.Stop()
	w.timer = time.AfterFunc(time.Hour, func() {
		w.cancel(fmt.Errorf("waited %v for more of it", w.stall))
	})
	w.timer.Stop()
	return &watchedBody{r, w}
}

func (w *watch) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

type watchedBody struct {
	io.Reader
	*watch
}

func (b *watchedBody) Read(p []byte) (int, error) {
	began := time.Now()
	b.timer.Reset(b.stall - b.waited)
	n, err := b.Reader.Read(p)
	b.timer.Stop()
	b.waited += time.Since(began)
	if b.came += int64(n); b.came >= b.floor {
		b.came, b.waited = 0, 0
	}
	if err != nil && err != io.EOF && b.ctx.Err() != nil {
		err = context.Cause(b.ctx)
	}
	return n, err
}

// send makes a request under a watch, which the caller stops. An error names the
// address and the part of the answer that did not come.
func (f fetcher) send(ctx context.Context, method, name, ranges string) (*http.Response, *watch, error) {
	r, err := f.request(method, name)
	if err != nil {
		return nil, nil, err
	}
	if ranges != "" {
		r.Header.Set("Range", ranges)
	}
	w := f.patience.watched(ctx, r.URL.Host)
	answer, err := f.client.Do(r.WithContext(w.ctx))
	if err == nil {
		return answer, w, nil
	}
	if w.ctx.Err() != nil {
		err = context.Cause(w.ctx)
	}
	if u, ok := err.(*url.Error); ok {
		err = u.Err // without the address, which the message has
	}
	w.stop()
	return nil, nil, transientError{fmt.Errorf("%w: %s %s: %w", ErrDownload, method, r.URL.Redacted(), err)}
}

// tries counts the tries in a row that receive nothing.
type tries struct {
	patience
	n     int
	best  int64     // the largest number of bytes received so far
	paced int64     // of best, those that were received fast enough
	since time.Time // when paced last grew
	wait  time.Duration
}

func (p patience) tries(have int64) *tries {
	return &tries{patience: p, best: have, paced: have, since: time.Now(), wait: p.pause}
}

// again reports whether another try should be made, and waits before it. Tries
// that receive something do not count, unless they are too slow for long.
func (t *tries) again(ctx context.Context, have int64) bool {
	if have-t.paced >= t.floor {
		t.paced, t.since = have, time.Now()
	}
	if have > t.best && time.Since(t.since) < 10*t.stall {
		t.n, t.wait = 0, t.pause
	}
	t.best = max(t.best, have)
	if t.n++; t.n >= fetchTries {
		return false
	}
	select {
	case <-time.After(t.wait):
	case <-ctx.Done():
	}
	t.wait *= 2
	return true
}
