package trainer_test

import (
	"context"
	"fmt"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/device"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
)

// A model, two sets and an optimizer make a run.
func Example() {
	train, test, err := dataset.Drawn{Classes: 2, Images: 8, Test: 4, Size: 16}.Splits()
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := trainer.New(newTiny(2), train, test, trainer.Config{
		Optimizer: optim.SGD{LR: 0.05, Momentum: 0.9}, Epochs: 3, Batch: 8, Resize: 16, Crop: 16,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	report, err := t.Fit(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Status, report.Steps, "steps; balanced accuracy known:", report.Last.BalancedAccuracy > 0)
	// Output: finished 6 steps; balanced accuracy known: true
}

// A Session is one model on one device, for a custom training loop.
func ExampleSession() {
	dev, err := device.Open(device.Auto, device.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()
	session, err := trainer.NewSession(newTiny(2), trainer.SessionConfig{
		Device: dev, Optimizer: optim.SGD{LR: 0.1, Momentum: 0.9}, Input: [3]int{3, 8, 8},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	images, labels := make([]float32, 4*3*8*8), []int64{0, 1, 0, 1}
	for i := range images {
		images[i] = float32(i/192%2) + float32(i%7)/7 // images of label 1 are brighter
	}
	first, err := session.Train(images, trainer.Labels(labels), 0.1)
	for range 20 {
		if err == nil {
			_, err = session.Train(images, trainer.Labels(labels), 0.1)
		}
	}
	last, err2 := session.Evaluate(images, labels, 4)
	fmt.Println(err, err2, "the loss fell:", last.Loss < first.Loss)
	// Output: <nil> <nil> the loss fell: true
}

// FindRate tries learning rates before a run; the run's own weights stay as they are.
func ExampleTrainer_FindRate() {
	train, test, err := dataset.Drawn{Classes: 2, Images: 16, Test: 4, Size: 16, Seed: 1}.Splits()
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := trainer.New(newTiny(2), train, test, trainer.Config{
		Optimizer: optim.SGD{LR: 0.05, Momentum: 0.9}, Epochs: 3, Batch: 8, Resize: 16, Crop: 16,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	curve, err := t.FindRate(context.Background(), trainer.RateSweep{Min: 1e-4, Max: 100, Steps: 60})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the loss fell and blew up:", curve.Steepest > 0, curve.Diverged)
	// Output: the loss fell and blew up: true true
}

// A hook measures a metric of its own after each epoch, by which the best weights are
// chosen, and ends the run when that is good enough.
func ExampleHook() {
	train, test, err := dataset.Drawn{Classes: 2, Images: 8, Test: 4, Size: 16}.Splits()
	if err != nil {
		fmt.Println(err)
		return
	}
	worst := trainer.Hook{
		Name: "worst class",
		Measure: func(e trainer.EpochEvent) (map[string]float64, error) {
			recall := 1.0
			for class, row := range e.Confusion.Counts() { // a row a true class, 4 images each
				recall = min(recall, float64(row[class])/4)
			}
			return map[string]float64{"worst_recall": recall}, nil
		},
		Epoch: func(e trainer.EpochEvent) error {
			if recall, _ := e.Test.Metrics.Get("worst_recall"); recall >= 0 {
				return fmt.Errorf("the worst class is good enough: %w", trainer.ErrStop)
			}
			return nil
		},
	}
	t, err := trainer.New(newTiny(2), train, test, trainer.Config{
		Optimizer: optim.SGD{LR: 0.05, Momentum: 0.9}, Epochs: 3, Batch: 8, Resize: 16, Crop: 16,
		Hooks: []trainer.Hook{worst}, Best: "worst_recall",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	report, err := t.Fit(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Status, "after epoch", report.Last.Epoch, "by", report.BestBy)
	fmt.Println(report.Reason)
	// Output:
	// finished after epoch 1 by worst_recall
	// hook worst class: the worst class is good enough: stop the run
}
