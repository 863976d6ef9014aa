package cli

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/track"
)

// badTracker fails or panics in every call.
type badTracker struct{ track.Memory }

func (*badTracker) Metrics(int, time.Time, map[string]float64) error { panic("no network") }
func (*badTracker) Params(map[string]any) error                      { return errors.New("refused") }

func TestTrackers(t *testing.T) {
	inFolder(t)
	var kept track.Memory
	c := TrainCommand([]byte(tinyRecipe),
		Tracker("closed", func(string, config.Config) (track.Tracker, error) { return nil, errors.New("no token") }),
		Tracker("bad", func(string, config.Config) (track.Tracker, error) { return &badTracker{}, nil }),
		Tracker("kept", func(string, config.Config) (track.Tracker, error) { return &kept, nil }))
	o := runCommand(context.Background(), c, "", "-out", "run")
	o.wants(t, Done, []string{"test accuracy"}, []string{"warning: the tracker closed cannot be used: no token", "warning: tracker bad: ", "6 panicked", "refused"})
	k := kept.Snapshot()
	if k.Status != "finished" || len(k.Points) != 6 || k.Params["optim.lr"] != 0.01 || k.Images["figures/curves"] == "" {
		t.Errorf("%+v", k)
	}
	if p := k.Points[2]; p.Step != 2 || len(p.Values) != 4 || p.Values["test/top5_accuracy"] != 1 || p.Values["test/loss"] <= 0 {
		t.Errorf("the third point is %+v, want the first epoch's", p)
	}
	if p := k.Points[0]; p.Values["train/lr"] != 0.01 || p.Values["train/loss"] <= 0 {
		t.Errorf("the first point is %+v", p)
	}
}
