package trainer_test

import (
	"context"
	"path/filepath"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// fragile is a model whose name, which is asked for while a run is resumed, cannot be had.
type fragile struct{ Net *tiny }

func (f *fragile) ModelName() string { panic("a defect of the model") }

func (f *fragile) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node { return f.Net.Forward(s, x) }

// TestAPanicInNew gives the lock of the folder back, whatever code of the model does while
// a run is resumed.
func TestAPanicInNew(t *testing.T) {
	dir := stoppedAt(t, 3)
	train, test, c := setUp(t, func(c *trainer.Config) { betterAndBetter(c); c.Dir, c.Resume = dir, true })
	panicked := func() (panicked bool) {
		defer func() { panicked = recover() != nil }()
		tr, err := trainer.New(&fragile{newTiny(4)}, train, test, c)
		if err != nil {
			t.Fatal(err)
		}
		tr.Close()
		return false
	}()
	if !panicked {
		t.Fatal("the model was made")
	}
	tr, err := trainer.New(newTiny(4), train, test, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Fit(context.Background()); err != nil {
		t.Error(err)
	}
	tr.Close()
	if got := stepOfFile(t, filepath.Join(dir, run.CheckpointDir, run.LastFile)); got != "9" {
		t.Errorf("the last checkpoint is of step %s", got)
	}
}
