package httpsend

import (
	"context"
	"errors"
	"io"
	"time"
)

var errStalled = errors.New("nothing was transferred for a minute")

// watch ends a transfer that stands still, however long the whole may take.
type watch struct {
	timer *time.Timer
	after time.Duration
}

func newWatch(after time.Duration, cancel context.CancelCauseFunc) *watch {
	return &watch{time.AfterFunc(after, func() { cancel(errStalled) }), after}
}

func (w *watch) stop() { w.timer.Stop() }

func (w *watch) reader(r io.Reader) io.Reader { return &watchedReader{r, w} }

type watchedReader struct {
	io.Reader
	*watch
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.timer.Reset(r.after)
	}
	return n, err
}

// upload is a body from a file.
type upload struct {
	io.ReadCloser
	watch *watch
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if n > 0 {
		u.watch.timer.Reset(u.watch.after)
	}
	if err != nil {
		u.watch.stop() // from here on ResponseTimeout counts
	}
	return n, err
}

func (u *upload) Close() error {
	u.watch.stop()
	return u.ReadCloser.Close()
}
