package trainer_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// heldOut is a test set with images that test at the end.
type heldOut struct {
	dataset.Dataset
	final dataset.Dataset
}

func (h heldOut) Final() dataset.Dataset { return h.final }

// withFinal makes a Trainer whose best weights are not its last ones, with images for the
// end.
func withFinal(t *testing.T, change func(*trainer.Config)) (*trainer.Trainer, dataset.Dataset) {
	t.Helper()
	train, test, c := setUp(t, func(c *trainer.Config) {
		rateAt(func(step int) float64 {
			if step > 3 { // from the second epoch on it only gets worse
				return 3
			}
			return 0.02
		}).set(c)
		if change != nil {
			change(c)
		}
	})
	_, final, err := dataset.Drawn{Classes: 4, Images: 1, Test: 6, Size: 20, Seed: 11}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trainer.New(newTiny(4), train, heldOut{test, final}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr, final
}

// TestFinal tests the best weights at the end, and leaves the last ones in place.
func TestFinal(t *testing.T) {
	for name, change := range map[string]func(*trainer.Config){
		"plain": func(*trainer.Config) {}, "average": func(c *trainer.Config) { c.EMA = 0.2 },
	} {
		dir := filepath.Join(t.TempDir(), "run")
		tr, final := withFinal(t, func(c *trainer.Config) { c.Dir = dir; change(c) })
		r, err := tr.Fit(context.Background())
		if err != nil {
			t.Fatal(name, err)
		}
		if r.Best.Step == r.Steps || r.Final == nil || r.FinalImages != 24 || r.Final.Epoch != r.Best.Epoch {
			t.Fatalf("%s: best %+v of %d steps, final %+v of %d images", name, r.Best, r.Steps, r.Final, r.FinalImages)
		}
		// the best weights by themselves
		train, _, c := setUp(t, change)
		alone, err := trainer.New(newTiny(4), train, final, c)
		if err != nil {
			t.Fatal(err)
		}
		defer alone.Close()
		if err := alone.LoadModel(filepath.Join(dir, run.CheckpointDir, run.BestFile), trainer.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		want, err := alone.Evaluate(context.Background())
		if err != nil || want.Accuracy != r.Final.Accuracy || want.Loss != r.Final.Loss {
			t.Errorf("%s: final scores %+v, the best weights have %+v, %v", name, r.Final, want, err)
		}
		// the last ones are still there
		if last, err := tr.Evaluate(context.Background()); err != nil || last.Accuracy != r.Last.Accuracy || last.Loss != r.Last.Loss {
			t.Errorf("%s: after the end the model has %+v, %v; want the last scores %+v", name, last, err, r.Last)
		}
		if read, err := run.Folder(dir).Report(); err != nil || !reflect.DeepEqual(read.Final, r.Final) || read.FinalImages != 24 {
			t.Errorf("%s: summary.json has %+v, %v", name, read.Final, err)
		}
		// without a folder the same
		bare, _ := withFinal(t, change)
		if other, err := bare.Fit(context.Background()); err != nil || !reflect.DeepEqual(other.Final, r.Final) {
			t.Errorf("%s: without a folder %+v, %v; want %+v", name, other.Final, err, r.Final)
		}
	}
}

// TestFinalIsResumed stops a run in its last evaluation.
func TestFinalIsResumed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancelCause(context.Background())
	tr, _ := withFinal(t, func(c *trainer.Config) {
		c.Dir = dir
		c.Hooks = []trainer.Hook{{Evaluating: func(_, total int) error {
			if total == 24 {
				cancel(errStop)
			}
			return nil
		}}}
	})
	r, err := tr.Fit(ctx)
	if !errors.Is(err, errStop) || r.Status != run.Interrupted || r.Final != nil {
		t.Fatalf("%v, %+v", err, r)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	tr, _ = withFinal(t, func(c *trainer.Config) { c.Dir, c.Resume = dir, true })
	if r, err = tr.Fit(context.Background()); err != nil || r.Status != run.Finished || r.Final == nil {
		t.Errorf("resumed: %v, %+v", err, r)
	}
	if again, err := tr.Fit(context.Background()); err != nil || !reflect.DeepEqual(again.Final, r.Final) {
		t.Errorf("again: %v, %+v", err, again.Final)
	}
}

// TestFinalOfOtherClasses is an error at the start.
func TestFinalOfOtherClasses(t *testing.T) {
	train, test, c := setUp(t, nil)
	_, c.Final, _ = dataset.Drawn{Classes: 3, Images: 1, Test: 1, Size: 20}.Splits()
	if _, err := trainer.New(newTiny(4), train, test, c); !errors.Is(err, trainer.ErrConfig) {
		t.Errorf("%v", err)
	}
}

// TestChance counts the classes that occur in the test set.
func TestChance(t *testing.T) {
	type bare struct{ dataset.Dataset }
	sets := fileSets(t, "cat dog owl", "cat/1.jpg cat/2.jpg dog/1.jpg dog/2.jpg", "cat/5.jpg dog/5.jpg dog/6.jpg")
	for _, c := range []struct {
		test          dataset.Dataset
		before, after float64
	}{{sets[1], 1. / 2, 1. / 2}, {bare{sets[1]}, 1. / 3, 1. / 2}} {
		_, _, config := setUp(t, func(c *trainer.Config) { c.Batch, c.Epochs = 4, 1 })
		tr, err := trainer.New(newTiny(3), sets[0], c.test, config)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		if got := tr.Chance(); got != c.before {
			t.Errorf("%T: chance %v, want %v", c.test, got, c.before)
		}
		if _, err := tr.Fit(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := tr.Chance(); got != c.after {
			t.Errorf("%T: chance %v after the evaluation, want %v", c.test, got, c.after)
		}
	}
}
