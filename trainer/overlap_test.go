package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// watched is a device that notes the order of runs and of uploads of images, and whose runs
// take a while.
type watched struct {
	device.Device
	slow    time.Duration
	pending bool
	events  []string
}

func (d *watched) note(event string) { d.events = append(d.events, event) }

func (d *watched) Submit() error {
	d.pending = true
	return d.Device.Submit()
}

func (d *watched) Wait() error {
	if d.pending {
		time.Sleep(d.slow)
		d.pending = false
		d.note("done")
	}
	return d.Device.Wait()
}

func (d *watched) Upload(t *device.Tensor, dst device.Memory, host any) error {
	if len(t.Shape) == 4 && t.Shape[1] == 3 && t.Role == device.Input {
		if d.pending {
			d.note("images meanwhile")
		} else {
			d.note("images")
		}
	}
	return d.Device.Upload(t, dst, host)
}

// TestNextBatchIsBoundMeanwhile looks at the order of an epoch: all batches but the first are
// copied while the one before is in training, and the weights are those of any other run.
func TestNextBatchIsBoundMeanwhile(t *testing.T) {
	dir, _ := undisturbed(t, nil)
	var d *watched
	steps := []int{}
	watchedDir, r := undisturbed(t, func(c *trainer.Config) {
		d = &watched{Device: testdevice.Open(t, device.Options{Threads: 2})}
		c.Device = d
		c.Hooks = append(c.Hooks, trainer.Hook{Step: func(e trainer.StepEvent) error {
			steps = append(steps, e.Step)
			d.note("recorded")
			return nil
		}})
	})
	if !bytes.Equal(weights(t, dir), weights(t, watchedDir)) {
		t.Error("the weights differ")
	}
	sameMetrics(t, watchedDir, dir)
	var want []string
	perEpoch := r.Steps / r.Epochs
	for i := range perEpoch {
		if i == 0 {
			want = append(want, "images")
		}
		if i+1 < perEpoch {
			want = append(want, "images meanwhile")
		}
		want = append(want, "done", "recorded")
	}
	first := slices.Index(d.events, "images")
	if first < 0 || len(d.events) < first+len(want) || !slices.Equal(d.events[first:first+len(want)], want) {
		t.Errorf("the first epoch is %v, want %v", d.events[max(0, first):min(len(d.events), first+len(want)+2)], want)
	}
	if len(steps) != r.Steps {
		t.Errorf("%d steps were recorded, %d made", len(steps), r.Steps)
	}
}

// sleepy is a data set that takes a while for each image.
type sleepy struct {
	dataset.Dataset
	each time.Duration
}

func (s sleepy) Sample(ctx context.Context, i int) (dataset.Sample, error) {
	time.Sleep(s.each)
	return s.Dataset.Sample(ctx, i)
}

// TestWaited trains with slow images, and with a slow device: only the former is waited for.
func TestWaited(t *testing.T) {
	waited := func(images time.Duration, d device.Device) (waited, all time.Duration) {
		train, test, c := setUp(t, func(c *trainer.Config) {
			c.Device = d
			c.Workers, c.Epochs = 1, 1
			last := time.Time{}
			c.Hooks = append(c.Hooks, trainer.Hook{Step: func(e trainer.StepEvent) error {
				if e.Step > 1 { // the first step has nothing to do meanwhile
					waited, all = waited+e.Waited, all+e.Time.Sub(last)
				}
				last = e.Time
				return nil
			}})
		})
		tr, err := trainer.New(newTiny(len(train.Classes())), sleepy{train, images}, test, c)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		if _, err := tr.Fit(context.Background()); err != nil {
			t.Fatal(err)
		}
		return waited, all
	}
	d := testdevice.Open(t, device.Options{Threads: 1})
	if _, timed := d.(device.Timer); timed { // else what the device did meanwhile is not known
		if w, all := waited(20*time.Millisecond, d); w < all/2 {
			t.Errorf("with slow images %v of %v were waited for", w, all)
		}
	}
	if w, all := waited(0, &watched{Device: d, slow: 100 * time.Millisecond}); w > all/4 {
		t.Errorf("with a slow device %v of %v were waited for", w, all)
	}
}

// TestBindStartWait trains with Bind ahead and without, to the same bits, and calls them in
// orders that make no sense.
func TestBindStartWait(t *testing.T) {
	for name, c := range map[string]trainer.SessionConfig{
		"plain": {}, "clip": {ClipNorm: 0.5}, "ema": {EMA: 0.9}, "soft": {Soft: true},
	} {
		c.Optimizer, c.Input = optim.SGD{LR: 0.1, Momentum: 0.9}, [3]int{3, 6, 6}
		dev := testdevice.Open(t, device.Options{Threads: 2})
		build := func() *trainer.Session {
			c.Device = dev
			s, err := trainer.NewSession(newGolden(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
		plain, ahead := build(), build()
		var want, got []trainer.Result
		for i := range 5 {
			images, labels := goldenBatch(i, 4-i%2)
			r, err := plain.Train(images, trainer.Labels(labels), 0.1)
			if err != nil {
				t.Fatal(err)
			}
			r.Predicted = slices.Clone(r.Predicted)
			want = append(want, r)
		}
		if _, err := ahead.Wait(); !errors.Is(err, trainer.ErrConfig) {
			t.Errorf("%s: Wait first: %v", name, err)
		}
		if err := ahead.Start(0.1); !errors.Is(err, trainer.ErrConfig) {
			t.Errorf("%s: Start without Bind: %v", name, err)
		}
		for i := range 6 {
			images, labels := goldenBatch(i, 4-i%2)
			if err := ahead.Bind(images, trainer.Labels(labels)); err != nil {
				t.Fatal(err)
			}
			clear(images)
			clear(labels)
			if i > 0 {
				if err := ahead.Start(0.1); !errors.Is(err, trainer.ErrConfig) {
					t.Errorf("%s: a second Start: %v", name, err)
				}
				r, err := ahead.Wait()
				if err != nil {
					t.Fatal(err)
				}
				r.Predicted = slices.Clone(r.Predicted)
				got = append(got, r)
			}
			if i < 5 {
				if err := ahead.Start(0.1); err != nil {
					t.Fatal(err)
				}
			}
		}
		if plain.Count() != 5 || ahead.Count() != 5 {
			t.Errorf("%s: %d and %d steps", name, plain.Count(), ahead.Count())
		}
		for i := range want {
			if want[i].Loss != got[i].Loss || want[i].Norm != got[i].Norm || !slices.Equal(want[i].Predicted, got[i].Predicted) {
				t.Errorf("%s: step %d is %+v, want %+v", name, i+1, got[i], want[i])
			}
		}
		sameTensors(t, name, plain, ahead)
	}
}

// sameTensors compares two state dicts bit by bit.
func sameTensors(t *testing.T, name string, a, b *trainer.Session) {
	t.Helper()
	x, err := a.Tensors()
	y, err2 := b.Tensors()
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	for i := range x {
		if v, ok := x[i].Data.([]float32); ok && !slices.Equal(v, y[i].Data.([]float32)) {
			t.Errorf("%s: %s differs", name, x[i].Name)
		}
	}
}

// TestDivergedStepIsTheLast lets a rate blow up the weights in step 1: step 2 sees that, and
// the batch that is bound by then is not trained on.
func TestDivergedStepIsTheLast(t *testing.T) {
	recorded := 0
	tr := start(t, func(c *trainer.Config) {
		c.Optimizer, c.Schedule = optim.SGD{LR: 1e38}, nil
		c.Hooks = append(c.Hooks, trainer.Hook{Step: func(trainer.StepEvent) error { recorded++; return nil }})
	})
	if _, err := tr.Fit(context.Background()); !errors.Is(err, trainer.ErrDiverged) {
		t.Fatal(err)
	}
	if _, step := tr.Position(); step != 1 || recorded != 1 || tr.Session().Count() != 2 {
		t.Errorf("position %d, %d steps recorded, %d made; want 1, 1 and 2", step, recorded, tr.Session().Count())
	}
}
