package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/internal/testdevice"
	"github.com/euryale-ml/euryale/nn"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/schedule"
	"github.com/euryale-ml/euryale/trainer"
)

// tiny is a network with every kind of state: weights, biases, running statistics, a
// counter and dropout.
type tiny struct {
	Conv    *nn.Conv2D
	Norm    *nn.BatchNorm2D
	ReLU    *nn.ReLU
	Pool    *nn.AdaptiveAvgPool2D
	Flatten *nn.Flatten
	Drop    *nn.Dropout
	FC      *nn.Linear
}

func newTiny(classes int) *tiny {
	return &tiny{
		Conv: &nn.Conv2D{In: 3, Out: 16, Kernel: 3, Stride: 2, Padding: 1}, Norm: &nn.BatchNorm2D{Channels: 16}, ReLU: &nn.ReLU{},
		Pool: &nn.AdaptiveAvgPool2D{Size: 2}, Flatten: &nn.Flatten{}, Drop: &nn.Dropout{P: 0.2}, FC: &nn.Linear{In: 64, Out: classes},
	}
}

func (m *tiny) ModelName() string { return "tiny" }

func (m *tiny) HeadParams() []string { return []string{"fc.weight", "fc.bias"} }

func (m *tiny) Forward(s *nn.Scope, x *gorgonia.Node) *gorgonia.Node {
	x = m.ReLU.Forward(s, m.Norm.Forward(s, m.Conv.Forward(s, x)))
	return m.FC.Forward(s, m.Drop.Forward(s, m.Flatten.Forward(s, m.Pool.Forward(s, x))))
}

// setUp is a run of 3 steps an epoch, the last of them short, on drawn animals.
func setUp(t testing.TB, change func(*trainer.Config)) (train, test dataset.Dataset, c trainer.Config) {
	t.Helper()
	train, test, err := dataset.Drawn{Classes: 4, Images: 5, Test: 3, Size: 20, Seed: 3}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	c = trainer.Config{
		Optimizer: optim.SGD{LR: 0.05, Momentum: 0.9, WeightDecay: 1e-4, Groups: []optim.Group{optim.NoBiasDecay()}},
		Schedule: func(stepsPerEpoch, epochs int) (schedule.Schedule, error) {
			return schedule.New("cosine", schedule.Options{StepsPerEpoch: stepsPerEpoch, Epochs: epochs, WarmupEpochs: 1})
		},
		Epochs: 3, Batch: 8, TestBatch: 5, Resize: 20, Crop: 16, Seed: 7, Smoothing: 0.1,
	}
	if change != nil {
		change(&c)
	}
	return train, test, c
}

// start makes a Trainer of the set-up.
func start(t testing.TB, change func(*trainer.Config)) *trainer.Trainer {
	t.Helper()
	train, test, c := setUp(t, change)
	tr, err := trainer.New(newTiny(len(train.Classes())), train, test, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// weights are the bytes of a run's last weights.
func weights(t testing.TB, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, run.CheckpointDir, run.LastFile))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// undisturbed is a whole run, with its folder.
func undisturbed(t testing.TB, change func(*trainer.Config)) (string, *run.Report) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	tr := start(t, func(c *trainer.Config) {
		c.Dir = dir
		if change != nil {
			change(c)
		}
	})
	r, err := tr.Fit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, r
}

var errStop = errors.New("stopped by the test")

// stopAfter cancels a run after a step.
func stopAfter(step int) (context.Context, func(*trainer.Config)) {
	ctx, cancel := context.WithCancelCause(context.Background())
	return ctx, func(c *trainer.Config) {
		c.Hooks = append(c.Hooks, trainer.Hook{Name: "stop", Step: func(e trainer.StepEvent) error {
			if e.Step == step {
				cancel(errStop)
			}
			return nil
		}})
	}
}

func TestResumedRunsHaveTheSameBits(t *testing.T) {
	whole, report := undisturbed(t, nil)
	if report.Status != run.Finished || report.Steps != 9 || report.Epochs != 3 || report.Last.Epoch != 3 {
		t.Fatalf("report %+v", report)
	}
	for step := 1; step <= 8; step++ {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, stop := stopAfter(step)
		tr := start(t, func(c *trainer.Config) { c.Dir = dir; stop(c) })
		r, err := tr.Fit(ctx)
		if !errors.Is(err, errStop) || r.Status != run.Interrupted || r.Steps != step {
			t.Fatalf("stopped after step %d: %v, report %+v", step, err, r)
		}
		tr.Close()
		again := start(t, func(c *trainer.Config) { c.Dir, c.Resume, c.Workers = dir, true, 3 })
		if _, at := again.Position(); at != step {
			t.Fatalf("goes on after step %d, want %d", at, step)
		}
		if r, err = again.Fit(context.Background()); err != nil || r.Status != run.Finished {
			t.Fatalf("resumed after step %d: %v %+v", step, err, r)
		}
		again.Close()
		if !bytes.Equal(weights(t, dir), weights(t, whole)) {
			t.Errorf("resumed after step %d: the final weights differ", step)
		}
		if *r.Best != *report.Best || *r.Last != *report.Last {
			t.Errorf("resumed after step %d: best %+v, last %+v; undisturbed %+v, %+v", step, r.Best, r.Last, report.Best, report.Last)
		}
		sameMetrics(t, dir, whole)
	}
}

func TestThreadsAndWorkersDoNotChangeTheBits(t *testing.T) {
	one, _ := undisturbed(t, func(c *trainer.Config) { c.Device = testdevice.Open(t, device.Options{Threads: 1}); c.Workers = 1 })
	three, _ := undisturbed(t, func(c *trainer.Config) { c.Device = testdevice.Open(t, device.Options{Threads: 3}); c.Workers = 4 })
	if !bytes.Equal(weights(t, one), weights(t, three)) {
		t.Error("the final weights differ")
	}
	sameMetrics(t, one, three)
}

func TestBestIsKept(t *testing.T) {
	dir, report := undisturbed(t, func(c *trainer.Config) { c.Epochs = 6 })
	best := filepath.Join(dir, run.CheckpointDir, run.BestFile)
	tr := start(t, nil)
	if err := tr.LoadModel(best, trainer.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	scores, err := tr.Evaluate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if scores.Accuracy != report.Best.Accuracy || scores.Loss != report.Best.Loss {
		t.Errorf("the best weights have accuracy %v, loss %v; the report says %+v", scores.Accuracy, scores.Loss, report.Best)
	}
	f, err := checkpoint.Read(best)
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata[checkpoint.ModelKey] != "tiny" || f.Metadata[checkpoint.PreprocessingKey] == "" || f.Metadata[checkpoint.ClassesKey] == "" {
		t.Errorf("metadata %v", f.Metadata)
	}
}
