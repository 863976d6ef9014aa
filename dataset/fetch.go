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
	"slices"
	"strings"
	"time"
)

// Bounds on what a server may send.
const (
	maxArchive   = 4 << 30
	fetchTries   = 4 // in a row that bring nothing
	firstPause   = 200 * time.Millisecond
	headPatience = 20 * time.Second
)

// fetcher gets files from one folder of a server.
type fetcher struct {
	client *http.Client
	base   string
	report func(Progress)
}

func (f fetcher) request(ctx context.Context, method, name string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(f.base, "/")+"/"+name, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDownload, err)
	}
	r.Header.Set("Accept-Encoding", "identity") // the bytes as they are, so that ranges and checksums fit
	return r, nil
}

// size asks for an archive's size; if the server does not tell, the official
// one's is returned.
func (f fetcher) size(ctx context.Context, a archive) int64 {
	ctx, cancel := context.WithTimeout(ctx, headPatience)
	defer cancel()
	r, err := f.request(ctx, http.MethodHead, a.name)
	if err != nil {
		return a.size
	}
	answer, err := f.client.Do(r)
	if err != nil {
		return a.size
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.ContentLength <= 0 {
		return a.size
	}
	return answer.ContentLength
}

// ownChecksums replaces the official checksums by those that the server offers.
func (f fetcher) ownChecksums(ctx context.Context, official []archive) []archive {
	ctx, cancel := context.WithTimeout(ctx, headPatience)
	defer cancel()
	own := slices.Clone(official)
	for i := range own {
		r, err := f.request(ctx, http.MethodGet, own[i].name+".md5")
		if err != nil {
			continue
		}
		answer, err := f.client.Do(r)
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		answer.Body.Close()
		fields := strings.Fields(string(text))
		if answer.StatusCode != http.StatusOK || len(fields) == 0 {
			continue
		}
		if sum, err := hex.DecodeString(fields[0]); err == nil && len(sum) == md5.Size {
			own[i].md5 = strings.ToLower(fields[0])
		}
	}
	return own
}

// get downloads an archive to path through path.part, going on where an earlier
// try stopped, and compares its checksum.
func (f fetcher) get(ctx context.Context, a archive, path string) error {
	if _, err := os.Stat(path); err == nil && f.verify(ctx, a, path) == nil {
		return nil
	}
	part := path + ".part"
	pause := firstPause
	for tries := 0; ; {
		before := fileSize(part)
		err := f.goOn(ctx, a, part)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w; what came so far is kept in %s", a.name, context.Cause(ctx), part)
		}
		if fileSize(part) > before {
			tries, pause = 0, firstPause
		}
		if tries++; tries >= fetchTries || !isTransient(err) {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause *= 2
	}
	if err := f.verify(ctx, a, part); err != nil {
		return err
	}
	return os.Rename(part, path)
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// transientError is one that another try may mend.
type transientError struct{ error }

func (e transientError) Unwrap() error { return e.error }

func isTransient(err error) bool {
	var t transientError
	return errors.As(err, &t)
}

// goOn makes one request for what is missing of the file part.
func (f fetcher) goOn(ctx context.Context, a archive, part string) error {
	have := fileSize(part)
	r, err := f.request(ctx, http.MethodGet, a.name)
	if err != nil {
		return err
	}
	if have > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	answer, err := f.client.Do(r)
	if err != nil {
		return transientError{fmt.Errorf("%w: %w", ErrDownload, err)}
	}
	defer answer.Body.Close()
	total := answer.ContentLength
	switch code := answer.StatusCode; {
	case code == http.StatusOK: // the server sends it from the start
		have = 0
	case code == http.StatusPartialContent && have > 0:
		var from, to int64
		if n, _ := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); n < 2 || from != have {
			return restart(part, fmt.Errorf("%w: the server answered %s with range %q, asked from byte %d", ErrDownload, r.URL, answer.Header.Get("Content-Range"), have))
		}
	case code == http.StatusRequestedRangeNotSatisfiable && have > 0:
		if n, _ := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes */%d", &total); n == 1 && total == have {
			return nil // it was whole already
		}
		return restart(part, fmt.Errorf("%w: %s holds less than the %d bytes of %s", ErrDownload, r.URL, have, part))
	case code >= 500 || code == http.StatusTooManyRequests:
		return transientError{fmt.Errorf("%w: %s answered %s", ErrDownload, r.URL, answer.Status)}
	default:
		return fmt.Errorf("%w: %s answered %s", ErrDownload, r.URL, answer.Status)
	}
	if kind := answer.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
		return fmt.Errorf("%w: %w: %s is a web page (%s), not an archive", ErrDownload, ErrArchive, r.URL, kind)
	}
	return f.write(answer.Body, a, part, have, max(total, 0))
}

// restart removes a part that cannot be gone on with.
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
	counted.say()
	switch {
	case err != nil && source.err != nil:
		return transientError{fmt.Errorf("%w after %d bytes: %w", ErrDownload, counted.now.Done, err)}
	case err != nil: // the disk
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

// sourceError remembers whether it was reading that failed.
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

// verify compares a file with the archive's checksum and removes it if it is
// another.
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
	counted.say()
	sum := hex.EncodeToString(hash.Sum(nil))
	if sum == a.md5 {
		return nil
	}
	in.Close()
	if err := os.Remove(path); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w: %s/%s has md5 %s, want %s; the file was removed", ErrDownload, ErrArchive, strings.TrimSuffix(f.base, "/"), a.name, sum, a.md5)
}

// meter counts what is written to it and reports, at most ten times a second.
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

func (m *meter) say() { m.report(m.now) }

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
