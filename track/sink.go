package track

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kinds of Records: the calls of a Tracker.
const (
	ParamsRecord  = "params"
	MetricsRecord = "metrics"
	TextRecord    = "text"
	ImageRecord   = "image"
	FileRecord    = "file"
	TagsRecord    = "tags"
	FinishRecord  = "finish"
)

// Record is a call of a Tracker, stored until a Sink has delivered it.
type Record struct {
	Seq    int64              // from 1 in a run, without gaps
	Kind   string             // one of the kinds above
	Time   time.Time          // when it happened
	Step   int                // of metrics and images
	Name   string             // of a text, an image, a file
	Text   string             // of a text
	Path   string             // of an image or a file; a Sink can open it
	Values map[string]float64 // of metrics, finite
	Params map[string]any     // of params: bool, string, int64 or float64
	Tags   []string           // of tags
	Status string             // of finish: finished, interrupted or failed
}

// RunInfo describes the run to a Sink.
type RunInfo struct {
	Dir     string    // the run's folder
	Name    string    // the run's name, for people
	ID      string    // chosen once for the run and the same after resuming: 32 hexadecimal digits
	Created time.Time // of the ID
	Remote  Remote    // result of the first Open; zero before
}

// Remote identifies the run at the service.
type Remote struct {
	ID  string            // the service's identifier
	URL string            // the run's web page; may be empty
	Has map[string]string // other values that the Sink needs again; no secrets
}

// Sink delivers a run to one service, or to files of its format. It is called from one
// goroutine, and may take as long as it needs until ctx is done. Its errors must not contain
// secrets.
type Sink interface {
	// Open creates the run at the service, or resumes the one that RunInfo.Remote names.
	Open(ctx context.Context, run RunInfo) (Remote, error)
	// Deliver sends records in order. done is the number of records, from the first one
	// on, that need no further call: the service has them, or refused them for good, which
	// the error, a Refusal, counts. An error after refused records is the Refusal's Then.
	// After an error records may be sent again; the service must then not have them twice.
	Deliver(ctx context.Context, records []Record) (done int, err error)
	// Close ends the session, not the run at the service: a later Open may resume it.
	Close(ctx context.Context) error
}

// ErrStop is wrapped by errors that end sending until the next sync: a limit is reached,
// credentials are refused, the run no longer exists.
var ErrStop = errors.New("the tracker accepts no more records")

// Retry is an error of a call that may succeed later.
type Retry struct {
	After time.Duration // shortest wait before the next attempt; 0: the caller's back-off
	Err   error
}

func (e *Retry) Error() string { return e.Err.Error() }
func (e *Retry) Unwrap() error { return e.Err }

// IsRetryable reports whether an error wraps a Retry: the same call may succeed later.
func IsRetryable(err error) bool {
	var retry *Retry
	return errors.As(err, &retry)
}

// Refusal is an error about records that the service refuses for good.
type Refusal struct {
	Records int
	Err     error
	Then    error // why the records after them were not sent; nil: all were sent
}

func (e *Refusal) Error() string {
	text := fmt.Sprintf("%d refused: %v", e.Records, e.Err)
	if e.Then != nil {
		text += fmt.Sprintf("; then %v", e.Then)
	}
	return text
}

// Unwrap returns Err and Then, without a nil one.
func (e *Refusal) Unwrap() []error {
	if e.Then == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Then}
}
