package trainer_test

import (
	"errors"
	"testing"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/optim"
	"github.com/euryale-ml/euryale/trainer"
	"github.com/euryale-ml/euryale/transforms"
)

// TestTakesPipelines gives a Trainer what transforms.Train and Test return.
func TestTakesPipelines(t *testing.T) {
	train, test, err := dataset.Drawn{Classes: 3, Images: 4, Test: 2, Size: 20, Seed: 1}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	own := transforms.Normalize{Mean: [3]float64{0.5, 0.5, 0.5}, Std: [3]float64{0.2, 0.2, 0.2}}
	c := trainer.Config{
		Optimizer: optim.DefaultAdamW(1e-3), Epochs: 1, Batch: 4, Resize: 18, Crop: 16,
		Train: transforms.Train(16, transforms.DefaultAugment(), own), Test: transforms.Test(18, 16, own),
	}
	tr, err := trainer.New(newTiny(3), train, test, c)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	got, _, err := transforms.NormalizationOf(tr.Config().Train, tr.Config().Test)
	if err != nil || got != own {
		t.Errorf("images are normalised by %v (%v), want the transforms' %v", got, err, own)
	}
	c.Train = transforms.Train(16, transforms.DefaultAugment(), transforms.TaskNormalize())
	if _, err := trainer.New(newTiny(3), train, test, c); !errors.Is(err, trainer.ErrConfig) || !errors.Is(err, transforms.ErrNormalize) {
		t.Errorf("two ways to normalise: error %v", err)
	}
}
