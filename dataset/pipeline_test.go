package dataset

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/euryale-ml/euryale/transforms"
)

// TestLoaderTakesPipelines gives a loader what transforms.Train and Test return.
func TestLoaderTakesPipelines(t *testing.T) {
	set, _, err := Drawn{Classes: 2, Images: 3, Size: 40, Seed: 1}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	first := func(c LoaderConfig) []float32 {
		c.Batch, c.Seed = 6, 5
		for b, err := range mustLoad(t, set, c).Batches(context.Background(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			return slices.Clone(b.Images)
		}
		return nil
	}
	for name, p := range map[string]transforms.Pipeline{
		"train": transforms.Train(32, transforms.DefaultAugment(), transforms.TaskNormalize()),
		"test":  transforms.Test(36, 32, transforms.TaskNormalize()),
	} {
		want := first(LoaderConfig{Transform: transforms.Compose{p.Steps, p.Normalize}})
		if got := first(LoaderConfig{Transform: p}); !slices.Equal(got, want) {
			t.Errorf("%s: the pipeline and its parts make different batches", name)
		}
	}
	_, err = NewLoader(set, LoaderConfig{Batch: 1, Transform: transforms.Compose{transforms.Test(36, 32, transforms.TaskNormalize()), transforms.Normalize{Std: [3]float64{1, 1, 1}}}})
	if !errors.Is(err, ErrConfig) || !errors.Is(err, transforms.ErrNormalize) {
		t.Errorf("two ways to normalise: error %v", err)
	}
}
