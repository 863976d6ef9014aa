package dataset

import (
	"context"

	"github.com/euryale-ml/euryale/registry"
)

// DrawnSet is the name of Drawn in a configuration.
const DrawnSet = "drawn"

func init() {
	mustRegister(DrawnSet, Set{
		Open: func(_ context.Context, o Options) (train, test Dataset, err error) {
			return Drawn{Classes: o.Classes, Images: o.Images, Test: o.TestImages, Size: o.Size, Seed: o.Seed}.Splits()
		},
		Made: true, TestKeys: []string{"drawn_classes", "resize"}, TestBySeed: true,
	}, registry.About("animals that are drawn in memory, for trials"), registry.Reads("drawn_classes", "drawn_images"))
}
