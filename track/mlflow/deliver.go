package mlflow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/internal/narrow"
	"github.com/euryale-ml/euryale/track"
)

// statuses maps a run's status to the server's.
var statuses = map[string]string{"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}

// Deliver sends records in order: consecutive metrics, settings and tags in one request. If
// the server refuses a request, it is split down to single values; the records with refused
// values are counted.
func (s *Sink) Deliver(ctx context.Context, records []track.Record) (done int, err error) {
	refused := &track.Refusal{}
	for done < len(records) && err == nil {
		n := 0
		if fit := fitting(records[done:]); fit > 0 {
			n, err = narrow.Send(records[done:done+fit], func(some []track.Record) error { return s.values(ctx, some) }, ofRequest, refused)
			err = s.ofRun(err)
		} else {
			n, err = s.other(ctx, records[done], refused)
		}
		done += n
	}
	if err != nil {
		err = s.explain(err)
	}
	return narrow.Ended(done, refused, err)
}

// fitting returns how many of the first records are metrics, settings or tags that fit into
// one request, at least one if the first is such; 0 if it is of another kind.
func fitting(records []track.Record) (n int) {
	var b batch
	for n < len(records) && b.add(records[n]) {
		n++
	}
	if n == 0 && len(parts(records[0])) > 0 { // too large for one request
		return 1
	}
	return n
}

// values sends metrics, settings and tags.
func (s *Sink) values(ctx context.Context, records []track.Record) error {
	var b batch
	for _, r := range records {
		if b.add(r) {
			continue
		}
		for _, part := range parts(r) { // there is only one record
			var b batch
			b.add(part)
			if err := s.logBatch(ctx, b); err != nil {
				return err
			}
		}
		s.failed = 0
		return nil
	}
	err := s.logBatch(ctx, b)
	if err == nil {
		s.failed = 0
	}
	return err
}

// ofRequest reports whether an error is about the contents of the request, and not about
// the run, the server, or a proxy.
func ofRequest(err error) bool {
	var status *httpsend.StatusError
	return errors.As(err, &status) && status.OfRequest() && !isGone(err)
}

// isGone reports whether the server no longer has the run, or it is deleted.
func isGone(err error) bool {
	var status *httpsend.StatusError
	return errors.As(err, &status) && (code(err) == missing || strings.Contains(status.Message, "must be in the 'active' state"))
}

// ofRun wraps err in track.ErrStop, which ends sending, if the run no longer exists.
func (s *Sink) ofRun(err error) error {
	if err != nil && isGone(err) {
		return fmt.Errorf("%w: %w", s.errGone(s.runID), err)
	}
	return err
}

// other sends a record that is a file or the run's end.
func (s *Sink) other(ctx context.Context, r track.Record, refused *track.Refusal) (done int, err error) {
	if err = s.one(ctx, r); err != nil {
		if !errors.Is(err, errUnsendable) && !ofRequest(err) && !s.fileFails(ctx, err) {
			return 0, s.ofRun(err)
		}
		narrow.Add(refused, r, err)
	}
	s.failed = 0
	return 1, nil
}

// maxFileTries is how often the server may fail to accept a file before the records after it
// are sent without it.
const maxFileTries = 4

// fileFails reports whether a file is to be skipped so that the records after it are sent:
// the server accepts no files, or not this one, or it has failed for some time with the file
// only, as when its storage of files is full or missing.
func (s *Sink) fileFails(ctx context.Context, err error) bool {
	if s.noArtifacts != nil && errors.Is(err, s.noArtifacts) {
		return true
	}
	var status *httpsend.StatusError
	if !errors.As(err, &status) || !strings.HasPrefix(status.Path, artifactAPI) {
		return false
	}
	if strings.Contains(string(status.Body), "serve-artifacts") {
		s.noArtifacts = status
		return true
	}
	retryable := track.IsRetryable(err) || !status.Own() && !errors.Is(err, track.ErrStop)
	if s.failed++; retryable && s.failed < maxFileTries {
		return false
	}
	_, err = s.known(ctx, s.runID)
	return err == nil
}

// one sends a record that is a file or the run's end.
func (s *Sink) one(ctx context.Context, r track.Record) error {
	switch r.Kind {
	case track.TextRecord:
		return s.put(ctx, textPath(r.Name), r.Text)
	case track.FileRecord:
		return s.putFile(ctx, artifactPath(r.Name), r.Path)
	case track.ImageRecord:
		return s.image(ctx, r)
	case track.FinishRecord:
		status := statuses[r.Status]
		if status == "" {
			status = "FAILED"
		}
		return s.update(ctx, status, r.Time, s.runID)
	}
	return fmt.Errorf("%w: a record of the kind %q", errUnsendable, r.Kind)
}

// errUnsendable is wrapped by errors about records that no server would accept.
var errUnsendable = errors.New("mlflow: this cannot be sent")
