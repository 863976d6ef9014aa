package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// TestPatienceWhenResumed stops a run within an epoch and resumes: it ends where it would
// have ended. A saturated run that is resumed has nothing to do; with more patience it
// continues, with less a run ends at its next evaluation.
func TestPatienceWhenResumed(t *testing.T) {
	patient := func(c *trainer.Config) {
		c.Epochs, c.Patience, c.Optimizer, c.Schedule = 40, 3, optim.SGD{LR: 1e-9}, nil
	}
	whole, report := undisturbed(t, patient)
	if !report.StoppedEarly || report.EpochsSinceBest != 3 || report.Epochs != report.Best.Epoch+3 || report.Status != run.Finished {
		t.Fatalf("%+v, best %+v", report, report.Best)
	}
	dir := filepath.Join(t.TempDir(), "run")
	ctx, stop := stopAfter(8)
	tr := start(t, func(c *trainer.Config) { patient(c); c.Dir = dir; stop(c) })
	if _, err := tr.Fit(ctx); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	tr.Close()
	goOn := func(patience int) *run.Report {
		t.Helper()
		tr := start(t, func(c *trainer.Config) { patient(c); c.Dir, c.Resume, c.Patience = dir, true, patience })
		defer tr.Close()
		r, err := tr.Fit(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := goOn(3); r.Epochs != report.Epochs || !r.StoppedEarly || !bytes.Equal(weights(t, dir), weights(t, whole)) {
		t.Errorf("resumed: %+v", r)
	}
	if r := goOn(3); r.Epochs != report.Epochs || !r.StoppedEarly {
		t.Errorf("resumed at its end: %+v", r)
	}
	if r := goOn(5); r.EpochsSinceBest != 5 && r.Best.Epoch == report.Best.Epoch {
		t.Errorf("with patience 5: %+v", r)
	}
	if r := goOn(0); r.StoppedEarly || r.Epochs != 40 {
		t.Errorf("without patience: %+v", r)
	}
}
