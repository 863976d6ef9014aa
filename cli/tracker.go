package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/trainer/record"
)

// Tracker sends every run of the command to a tracker that open makes for the run's folder:
// the configuration, the values of each step and epoch, the figures. The tracker is called
// from its own goroutine; errors become a warning at the end and neither stop nor slow the
// run.
func Tracker(name string, open func(dir string, c config.Config) (track.Tracker, error)) Option {
	return func(t *training) { t.trackers = append(t.trackers, namedTracker{name, open}) }
}

type namedTracker struct {
	name string
	open func(dir string, c config.Config) (track.Tracker, error)
}

// tracking sends a run to the trackers that could be opened.
type tracking struct {
	guards []*track.Guard
	boxes  []*track.Outbox
	to     track.Multi
}

// openTrackers opens the trackers of the command and those of the key track; a failure is a
// warning.
func (n *session) openTrackers() {
	for _, of := range n.trackers {
		var opened track.Tracker
		err := try(func() (err error) {
			opened, err = of.open(n.dir.path, n.config)
			return err
		})
		if err != nil {
			n.warn("warning: the tracker %s cannot be used: %v", of.name, err)
			continue
		}
		g := track.NewGuard(of.name, opened, track.GuardOptions{})
		n.tracking.guards, n.tracking.to = append(n.tracking.guards, g), append(n.tracking.to, g)
	}
	for _, service := range n.config.Track {
		b, err := n.openOutbox(service)
		if err != nil {
			n.warn("warning: the tracker %s cannot be used: %v", service, err)
			continue
		}
		n.tracking.boxes, n.tracking.to = append(n.tracking.boxes, b), append(n.tracking.to, b)
	}
	if len(n.tracking.to) > 0 {
		h := record.Hook(n.tracking.to, n.dir.path, n.config)
		h.End = nil // the figures are not drawn yet then: finishTrackers
		n.trainer.AddHook(h)
	}
}

// openOutbox opens the outbox of a service and adds the run's earlier part. If the service
// cannot be used now, the records are kept for a later sync.
func (n *session) openOutbox(service string) (*track.Outbox, error) {
	sink, note, err := makeSink(service, n.config, n.dir.path)
	if err != nil {
		n.warn("warning: %v; the records are kept for: %s", err, n.sync())
		sink = unusable{err}
	} else if note != "" {
		n.info("%s", note)
	}
	quiet := err != nil
	b, err := track.OpenOutbox(sink, track.OutboxOptions{
		Dir: n.dir.path, Service: track.OutboxName(service, sink), Name: n.config.Name,
		Notify: func(message string) {
			if !quiet {
				n.warn("warning: %s", message)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	if n.resumed {
		lines, err := run.Folder(n.dir.path).Lines()
		if err == nil {
			err = b.Replay(lines)
		}
		if err != nil {
			n.warn("warning: %s lacks the run's earlier part: %v", service, err)
		}
	}
	return b, nil
}

// unusable is the Sink of a service that cannot be used, such as for lack of a token.
type unusable struct{ err error }

func (u unusable) Open(context.Context, track.RunInfo) (track.Remote, error) {
	return track.Remote{}, fmt.Errorf("%w: %w", track.ErrStop, u.err)
}

func (u unusable) Deliver(context.Context, []track.Record) (int, error) {
	return 0, fmt.Errorf("%w: %w", track.ErrStop, u.err)
}

func (u unusable) Close(context.Context) error { return nil }

// trackerPatience is the time that the end of a run waits for its trackers.
const trackerPatience = 30 * time.Second

// finishTrackers sends the figures and the best weights, closes the trackers, and prints what
// could not be sent and the addresses of the run.
func (n *session) finishTrackers(r *run.Report) {
	if len(n.tracking.to) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), trackerPatience)
	defer cancel()
	record.Finish(ctx, n.tracking.to, n.dir.path, r)
	for _, g := range n.tracking.guards {
		if sum := g.Summary(); !sum.OK() {
			n.warn("warning: tracker %s", sum)
		}
	}
	for _, b := range n.tracking.boxes {
		n.printDelivery(b.Delivery())
	}
}

// printDelivery prints how many of a tracker's records were sent.
func (n *session) printDelivery(d track.Delivery) {
	if d.Left > 0 {
		n.warn("warning: %s; send what is left with: %s", d, n.sync())
	} else if !d.OK() {
		n.warn("warning: %s", d)
	} else if d.URL != "" {
		n.info("%s, %s", d, d.URL)
	} else {
		n.info("%s", d)
	}
}

// sync is the command line that sends the unsent records later.
func (n *session) sync() string { return n.program.sync() + " " + quote(n.dir.path) }
