package dataset_test

import (
	"context"
	"fmt"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/transforms"
)

func Example() {
	train, _, err := dataset.Drawn{Classes: 10, Images: 20, Size: 64}.Splits()
	if err != nil {
		fmt.Println(err)
		return
	}
	loader, err := dataset.NewLoader(train, dataset.LoaderConfig{
		Batch: 64, Shuffle: true, Train: true, Seed: 42,
		Transform: transforms.Train(32, transforms.DefaultAugment(), transforms.TaskNormalize()), // Normalize with it
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(loader.Steps(), "steps, the last of", loader.ShortBatch())
	for batch, err := range loader.Batches(context.Background(), 1) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.N, batch.C, batch.H, batch.W)
	}
	// Output:
	// 4 steps, the last of 8
	// 64 3 32 32
	// 64 3 32 32
	// 64 3 32 32
	// 8 3 32 32
}

// Sets of one's own need three methods, and a name if configurations are to
// find them.
func ExampleRegister() {
	err := dataset.Register("squares", func(context.Context, dataset.Options) (train, test dataset.Dataset, err error) {
		return squares(100), squares(20), nil
	})
	train, _, _ := dataset.Open(context.Background(), "squares", dataset.Options{})
	fmt.Println(err, train.Len(), train.Classes())
	// Output: <nil> 100 [dark light]
}

type squares int

func (s squares) Len() int          { return int(s) }
func (s squares) Classes() []string { return []string{"dark", "light"} }

func (s squares) Sample(_ context.Context, i int) (dataset.Sample, error) {
	img := transforms.NewRGB(32, 32)
	for j := range img.Pix {
		img.Pix[j] = uint8(60 + 130*(i%2))
	}
	return dataset.Sample{Image: img, Label: i % 2}, nil
}
