package cli

import (
	"context"
	"path/filepath"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/track"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/viz"
)

// Tracker tells every run of the command to a tracker that open makes for the run's
// folder: the configuration, the values of each step and epoch, the figures. Calls are
// made in a goroutine of their own; what goes wrong is a warning at the end and neither
// stops nor slows the run.
func Tracker(name string, open func(dir string, c config.Config) (track.Tracker, error)) Option {
	return func(t *training) { t.trackers = append(t.trackers, namedTracker{name, open}) }
}

type namedTracker struct {
	name string
	open func(dir string, c config.Config) (track.Tracker, error)
}

// tracking tells a run to the trackers that could be opened.
type tracking struct {
	guards []*track.Guard
	to     track.Multi
}

// openTrackers opens those of the command; one that cannot be is a warning.
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
	if len(n.tracking.guards) > 0 {
		n.trainer.AddHook(n.tracking.hook(n.config))
	}
}

func (t *tracking) hook(c config.Config) trainer.Hook {
	return trainer.Hook{
		Name: "trackers",
		Start: func(trainer.Start) error {
			params := map[string]any{}
			for _, k := range config.Keys() {
				if v, err := c.Get(k.Path); err == nil {
					params[k.Path] = v
				}
			}
			return t.to.Params(params)
		},
		Step: func(e trainer.StepEvent) error {
			return t.metrics(track.Line{
				Kind: track.StepLine, Split: "train", Step: e.Step, Time: e.Time, Loss: e.Loss, Accuracy: e.Accuracy,
				BalancedAccuracy: e.BalancedAccuracy, LR: e.LR,
			})
		},
		Epoch: func(e trainer.EpochEvent) error {
			return t.metrics(track.Line{
				Kind: track.EpochLine, Split: "test", Step: e.Step, Time: e.Time, Loss: e.Test.Loss, Accuracy: e.Test.Accuracy,
				BalancedAccuracy: e.Test.BalancedAccuracy,
			})
		},
	}
}

func (t *tracking) metrics(l track.Line) error { return t.to.Metrics(l.Step, l.Time, l.Values()) }

// trackerPatience is how long the end of a run waits for its trackers.
const trackerPatience = 30 * time.Second

// finishTrackers sends the figures and ends, and says what did not get through.
func (n *session) finishTrackers(r *trainer.Report) {
	if len(n.tracking.guards) == 0 {
		return
	}
	for _, name := range []string{viz.BeforeFile, viz.AfterFile, viz.CurvesFile, viz.ConfusionFile} {
		if path := filepath.Join(n.dir.path, FiguresDir, name); exists(path) {
			n.tracking.to.Image("figures/"+name, r.Steps, path)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), trackerPatience)
	defer cancel()
	n.tracking.to.Finish(ctx, r.Status)
	for _, g := range n.tracking.guards {
		if sum := g.Summary(); !sum.OK() {
			n.warn("warning: tracker %s", sum)
		}
	}
}
