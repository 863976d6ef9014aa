package dataset

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/euryale-ml/euryale/internal/atomicfile"
)

// Bounds on what a server may send.
const (
	maxArchive = 4 << 30
	fetchTries = 4 // most tries in a row that receive nothing
)

// partSuffix ends the names of files that are not yet received completely.
const partSuffix = ".part"

// fetcher gets files from one folder of a server.
type fetcher struct {
	client   *http.Client
	base     string
	report   func(Progress)
	patience patience
}

func (f fetcher) request(method, name string) (*http.Request, error) {
	r, err := http.NewRequest(method, strings.TrimSuffix(f.base, "/")+"/"+name, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDownload, err)
	}
	r.Header.Set("Accept-Encoding", "identity") // the bytes as they are, so that ranges and checksums fit
	return r, nil
}

// refused is the error of an answer without a file.
func (f fetcher) refused(answer *http.Response) error {
	err := fmt.Errorf("%w: %s answered %s", ErrDownload, answer.Request.URL.Redacted(), answer.Status)
	switch code := answer.StatusCode; {
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusTooEarly:
		return transientError{err}
	}
	return err
}

// get downloads an archive to path through path.part, resuming where an earlier
// try stopped, and compares its checksum.
func (f fetcher) get(ctx context.Context, a archive, path string) error {
	if _, err := os.Stat(path); err == nil && f.verify(ctx, a, path) == nil {
		return nil
	}
	part := path + partSuffix
	for resumed := fileSize(part) > 0; ; resumed = false {
		if err := f.fetchAll(ctx, a, part); err != nil {
			return err
		}
		err := f.verify(ctx, a, part)
		if err == nil {
			return atomicfile.Rename(part, path)
		}
		if !resumed || !errors.Is(err, ErrArchive) {
			return err
		} // the file on the server may have changed since the part was received
	}
}

// fetchAll requests the missing bytes of part until all are there.
func (f fetcher) fetchAll(ctx context.Context, a archive, part string) error {
	for t := f.patience.tries(fileSize(part)); ; {
		err := f.resume(ctx, a, part)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w; what came so far is kept in %s", a.name, context.Cause(ctx), part)
		}
		if !isTransient(err) {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		if !t.again(ctx, fileSize(part)) {
			return fmt.Errorf("%s: %w (%d tries)", a.name, err, t.n)
		}
	}
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// transientError is an error after which another try may succeed.
type transientError struct{ error }

func (e transientError) Unwrap() error { return e.error }

func isTransient(err error) bool {
	var t transientError
	return errors.As(err, &t)
}

// resume makes one request for the missing bytes of the file part.
func (f fetcher) resume(ctx context.Context, a archive, part string) error {
	have, ranges := fileSize(part), ""
	if have > 0 {
		ranges = fmt.Sprintf("bytes=%d-", have)
	}
	answer, w, err := f.send(ctx, http.MethodGet, a.name, ranges)
	if err != nil {
		return err
	}
	defer w.stop()
	defer answer.Body.Close()
	total := answer.ContentLength
	address := answer.Request.URL.Redacted()
	switch code := answer.StatusCode; {
	case code == http.StatusOK: // the server sends it from the start
		have = 0
	case code == http.StatusPartialContent && have > 0:
		var from, to int64
		if n, _ := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); n < 2 || from != have {
			return restart(part, fmt.Errorf("%w: the server answered %s with range %q, asked from byte %d", ErrDownload, address, answer.Header.Get("Content-Range"), have))
		}
	case code == http.StatusRequestedRangeNotSatisfiable && have > 0:
		if n, _ := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes */%d", &total); n == 1 && total == have {
			return nil // the part is complete
		}
		return restart(part, fmt.Errorf("%w: %s holds less than the %d bytes of %s", ErrDownload, address, have, part))
	default:
		return f.refused(answer)
	}
	if kind := answer.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
		return fmt.Errorf("%w: %w: %s is a web page (%s), not an archive", ErrDownload, ErrArchive, address, kind)
	}
	err = f.write(w.body(answer.Body), a, part, have, max(total, 0))
	if isTransient(err) {
		err = transientError{fmt.Errorf("%w; from %s", err, address)}
	}
	return err
}

// restart removes a part that cannot be resumed.
func restart(part string, err error) error {
	if e := os.Remove(part); e != nil && !errors.Is(e, fs.ErrNotExist) {
		return e
	}
	return transientError{err}
}

// write puts the answer into part, from byte have on.
func (f fetcher) write(body io.Reader, a archive, part string, have, total int64) error {
	if total > maxArchive {
		return fmt.Errorf("%w: %w: the server offers %d bytes, at most %d are taken", ErrDownload, ErrArchive, total, int64(maxArchive))
	}
	out, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := out.Truncate(have); err != nil {
		return err
	}
	if _, err := out.Seek(have, io.SeekStart); err != nil {
		return err
	}
	counted := &meter{report: f.report, now: Progress{Stage: StageDownload, File: a.name, Done: have, Total: total}}
	source := &sourceError{r: io.LimitReader(body, maxArchive-have+1)}
	_, err = io.Copy(io.MultiWriter(out, counted), source)
	counted.flush()
	switch {
	case err != nil && source.err != nil:
		return transientError{fmt.Errorf("%w after %d bytes: %w", ErrDownload, counted.now.Done, err)}
	case err != nil: // of the disk
		return err
	case counted.now.Done > maxArchive:
		return fmt.Errorf("%w: %w: more than %d bytes", ErrDownload, ErrArchive, int64(maxArchive))
	case total > 0 && counted.now.Done < total:
		return transientError{fmt.Errorf("%w: %d of %d bytes came", ErrDownload, counted.now.Done, total)}
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return out.Close()
}

// sourceError is a reader that records whether reading failed.
type sourceError struct {
	r   io.Reader
	err error
}

func (s *sourceError) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// verify compares a file with the archive's checksum and removes it if they
// differ.
func (f fetcher) verify(ctx context.Context, a archive, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	hash := md5.New()
	counted := &meter{report: f.report, now: Progress{Stage: StageVerify, File: a.name, Total: fileSize(path)}}
	if _, err := io.Copy(io.MultiWriter(hash, counted), withContext(ctx, in)); err != nil {
		return err
	}
	counted.flush()
	sum := hex.EncodeToString(hash.Sum(nil))
	if sum == a.md5 {
		return nil
	}
	in.Close()
	if err := os.Remove(path); err != nil {
		return err
	}
	address := a.name
	if r, err := f.request(http.MethodGet, a.name); err == nil {
		address = r.URL.Redacted()
	}
	return fmt.Errorf("%w: %w: %s has md5 %s, want %s; the file was removed", ErrDownload, ErrArchive, address, sum, a.md5)
}

// meter counts the bytes written to it and reports, at most ten times a second.
type meter struct {
	report func(Progress)
	now    Progress
	last   time.Time
}

func (m *meter) Write(p []byte) (int, error) {
	m.now.Done += int64(len(p))
	if t := time.Now(); t.Sub(m.last) > 100*time.Millisecond {
		m.last = t
		m.report(m.now)
	}
	return len(p), nil
}

// flush reports the current count.
func (m *meter) flush() { m.report(m.now) }

// contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func withContext(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
