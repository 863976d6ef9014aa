package neptune

import (
	"context"

	"github.com/euryale-ml/euryale/track"
)

// nothing is the Sink of the mode Debug.
type nothing struct{}

func (nothing) Open(context.Context, track.RunInfo) (track.Remote, error) { return track.Remote{}, nil }

func (nothing) Deliver(_ context.Context, records []track.Record) (int, error) {
	return len(records), nil
}

func (nothing) Close(context.Context) error { return nil }

// Outbox separates records that are sent nowhere from those that are sent.
func (nothing) Outbox() string { return "neptune-debug" }
