package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/euryale-ml/euryale/internal/httpsend"
	"github.com/euryale-ml/euryale/track"
)

// statuses are the server's words for those of a run.
var statuses = map[string]string{"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}

// Deliver sends records in order: metrics, settings and tags that follow each other in
// one request.
func (s *Sink) Deliver(ctx context.Context, records []track.Record) (done int, err error) {
	refused := &track.Refusal{}
	for done < len(records) {
		n, err := s.some(ctx, records[done:])
		if err == nil {
			s.failed = 0
		} else {
			if err = s.classify(ctx, err); !errors.Is(err, errRefused) {
				return ended(done, refused, s.explain(err))
			}
			if n > 1 { // one by one, to find what is refused
				n, err = s.singly(ctx, records[done:done+n], refused)
				if err != nil {
					return ended(done+n, refused, s.explain(err))
				}
			} else {
				refused.Records, refused.Err = refused.Records+1, err
			}
		}
		done += n
	}
	return ended(done, refused, nil)
}

// ended is what Deliver returns. What was refused comes before another error, which the
// next call meets again.
func ended(done int, refused *track.Refusal, err error) (int, error) {
	if refused.Records > 0 {
		return done, refused
	}
	return done, err
}

// singly sends each record by itself and notes those that are refused.
func (s *Sink) singly(ctx context.Context, records []track.Record, refused *track.Refusal) (done int, err error) {
	for i := range records {
		if _, err := s.some(ctx, records[i:i+1]); err != nil {
			if err = s.classify(ctx, err); !errors.Is(err, errRefused) {
				return i, err
			}
			refused.Records, refused.Err = refused.Records+1, err
		}
	}
	return len(records), nil
}

// errRefused is wrapped by errors about records that will never be taken.
var errRefused = errors.New("refused")

// classify finds what an error of a delivery means: that the records are refused for good,
// which wraps errRefused, that the run is gone, which wraps track.ErrStop, or else that
// the same is worth trying again.
func (s *Sink) classify(ctx context.Context, err error) error {
	var status *httpsend.StatusError
	isStatus := errors.As(err, &status)
	ofFile := isStatus && strings.HasPrefix(status.Path, artifactAPI)
	switch {
	case errors.Is(err, errUnsendable), s.noArtifacts != nil && errors.Is(err, s.noArtifacts):
		return refusal{err}
	case ofFile && track.Passes(err):
		if s.filesFail(ctx, status) {
			return refusal{err}
		}
		return err
	case errors.Is(err, track.ErrStop), track.Passes(err), !isStatus:
		return err
	case ofFile, status.Status == http.StatusRequestEntityTooLarge:
		return refusal{err}
	case code(err) == missing, strings.Contains(status.Message, "must be in the 'active' state"):
		return fmt.Errorf("%w: %w", s.gone(s.runID), err)
	case code(err) == "" && status.Status != http.StatusBadRequest:
		return err // not of MLflow, but of something before it
	}
	return refusal{err}
}

// refusal is an error that says the same as another, and is errRefused too.
type refusal struct{ error }

func (r refusal) Unwrap() []error { return []error{r.error, errRefused} }

// maxFileTries is how often the server may fail to take a file before the values behind it
// go on without it.
const maxFileTries = 4

// filesFail reports whether a file shall hold the values behind it up no longer: the server
// says that it takes none, or it has failed for some time with the file and with nothing
// else, as when what it keeps files on is full or not there.
func (s *Sink) filesFail(ctx context.Context, status *httpsend.StatusError) bool {
	if strings.Contains(string(status.Body), "serve-artifacts") {
		s.noArtifacts = status
		return true
	}
	if s.failed++; s.failed < maxFileTries {
		return false
	}
	if _, err := s.known(ctx, s.runID); err != nil {
		return false
	}
	s.failed = 0
	return true
}

// some sends the first records, as many as fit into a request, and says how many.
func (s *Sink) some(ctx context.Context, records []track.Record) (n int, err error) {
	var b batch
	for n < len(records) && b.add(records[n]) {
		n++
	}
	if n > 0 {
		return n, s.logBatch(ctx, b)
	}
	r := records[0]
	switch r.Kind {
	case track.MetricsRecord, track.ParamsRecord, track.TagsRecord: // too large for one request
		for _, part := range parts(r) {
			var b batch
			b.add(part)
			if err := s.logBatch(ctx, b); err != nil {
				return 1, err
			}
		}
		return 1, nil
	case track.TextRecord:
		return 1, s.put(ctx, textPath(r.Name), strings.NewReader(r.Text), int64(len(r.Text)))
	case track.FileRecord:
		return 1, s.putFile(ctx, artifactPath(r.Name), r.Path)
	case track.ImageRecord:
		return 1, s.image(ctx, r)
	case track.FinishRecord:
		status := statuses[r.Status]
		if status == "" {
			status = "FAILED"
		}
		return 1, s.update(ctx, status, r.Time, s.runID)
	}
	return 1, fmt.Errorf("%w: a record of the kind %q", errUnsendable, r.Kind)
}

// errUnsendable is wrapped by errors about records that can be sent nowhere.
var errUnsendable = errors.New("mlflow: this cannot be sent")
