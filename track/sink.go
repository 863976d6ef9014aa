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

// Record is a call of a Tracker, kept until a Sink has delivered it.
type Record struct {
	Seq    int64              // from 1 in a run, without gaps
	Kind   string             // one of the kinds above
	Time   time.Time          // when it happened
	Step   int                // of metrics and images
	Name   string             // of a text, an image, a file
	Text   string             // of a text
	Path   string             // of an image or a file; as a Sink gets it, it can be opened
	Values map[string]float64 // of metrics, finite
	Params map[string]any     // of params: bool, string, int64 or float64
	Tags   []string           // of tags
	Status string             // of finish: finished, interrupted or failed
}

// RunInfo is what a Sink is told about the run.
type RunInfo struct {
	Dir     string    // the run's folder
	Name    string    // the telling name
	ID      string    // chosen once for the run and the same after resuming: 32 hexadecimal digits
	Created time.Time // of the ID
	Remote  Remote    // what Open gave the first time; zero before
}

// Remote is the run at the service.
type Remote struct {
	ID  string            // the service's name for it
	URL string            // where a person looks at it; may be empty
	Has map[string]string // whatever else the Sink must remember; no secrets
}

// Sink delivers a run to one service, or to files of its format. It is called from one
// goroutine, and may take as long as it needs until ctx is done. Its errors never name
// a secret.
type Sink interface {
	// Open makes the run at the service, or goes on with the one that RunInfo.Remote names.
	Open(ctx context.Context, run RunInfo) (Remote, error)
	// Deliver sends records in their order. It returns how many of them, from the first
	// one on, need no further call: the service has them, or refused them for good, which
	// a Refusal as the error counts. An error behind refused records is the Refusal's Then,
	// so that neither is lost. What was sent may be sent again after an error, and must then
	// not count twice.
	Deliver(ctx context.Context, records []Record) (done int, err error)
	// Close ends the session, not the run's record: a later Open may go on.
	Close(ctx context.Context) error
}

// ErrStop is wrapped by errors after which sending is over until the run is synced
// again: a limit that is reached, credentials that are refused, a run that is gone.
var ErrStop = errors.New("the tracker takes no more")

// Retry is an error of a call that may succeed later.
type Retry struct {
	After time.Duration // not before; 0: the caller's back-off
	Err   error
}

func (e *Retry) Error() string { return e.Err.Error() }
func (e *Retry) Unwrap() error { return e.Err }

// IsRetryable reports whether an error wraps a Retry: the same call may succeed later.
func IsRetryable(err error) bool {
	var retry *Retry
	return errors.As(err, &retry)
}

// Refusal is an error about records that the service will never take.
type Refusal struct {
	Records int
	Err     error
	Then    error // why records behind them were not sent; nil: all were
}

func (e *Refusal) Error() string {
	text := fmt.Sprintf("%d refused: %v", e.Records, e.Err)
	if e.Then != nil {
		text += fmt.Sprintf("; then %v", e.Then)
	}
	return text
}

// Unwrap gives both errors, or the one that there is.
func (e *Refusal) Unwrap() []error {
	if e.Then == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Then}
}
