package dataset

import (
	"context"

	"github.com/euryale-ml/euryale/registry"
)

// FolderSet is the name of ImageFolder in a configuration.
const FolderSet = "image-folder"

func init() {
	mustRegister(FolderSet, Set{
		Open: func(_ context.Context, o Options) (train, test Dataset, err error) {
			return ImageFolder{Root: o.Root, TestFraction: o.TestFraction, Seed: o.SplitSeed}.Splits()
		},
	}, registry.About("a folder for each class"), registry.Reads("root", "test_fraction", "split_seed"))
}
