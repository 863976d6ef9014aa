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

// statuses are the server's words for those of a run.
var statuses = map[string]string{"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}

// Deliver sends records in order: metrics, settings and tags that follow each other in
// one request. What the server refuses is narrowed down to single values, and counted by
// record.
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

// fitting is how many of the first records are metrics, settings or tags that fit in one
// request together, at least one if the first is such; 0 if it is of another kind.
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
		for _, part := range parts(r) { // it is the only one
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

// ofRequest reports whether an error is about what was sent, and not about the run, the
// server, or something before it.
func ofRequest(err error) bool {
	var status *httpsend.StatusError
	return errors.As(err, &status) && status.OfRequest() && !isGone(err)
}

// isGone reports whether the server no longer has the run.
func isGone(err error) bool {
	var status *httpsend.StatusError
	return errors.As(err, &status) && (code(err) == missing || strings.Contains(status.Message, "must be in the 'active' state"))
}

// ofRun is an error, which ends the sending if the run is gone.
func (s *Sink) ofRun(err error) error {
	if err != nil && isGone(err) {
		return fmt.Errorf("%w: %w", s.gone(s.runID), err)
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

// maxFileTries is how often the server may fail to take a file before the values behind it
// go on without it.
const maxFileTries = 4

// fileFails reports whether a file shall hold up the values behind it no longer: the server
// takes none, or not this one, or it has failed for some time with the file
// and with nothing else, as when what it keeps files on is full or not there.
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

// errUnsendable is wrapped by errors about records that can be sent nowhere.
var errUnsendable = errors.New("mlflow: this cannot be sent")
