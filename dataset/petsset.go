package dataset

import (
	"context"

	"github.com/euryale-ml/euryale/registry"
)

// PetsSet is the name of the Oxford-IIIT Pet set in a configuration, and of its folder.
const PetsSet = "oxford-iiit-pet"

func init() {
	mustRegister(PetsSet, Set{
		Open: func(ctx context.Context, o Options) (train, test Dataset, err error) {
			if o.Download {
				if o.Root, err = downloadPets(ctx, o); err != nil {
					return nil, nil, err
				}
			}
			return petsOf(o).Splits()
		},
		Find:     FindRoot,
		Holds:    func(dir string) bool { return checkRoot(dir) == nil },
		Download: downloadPets,
		TestKeys: []string{"test_list", "relabel"},
	}, registry.About("37 breeds of cats and dogs (Parkhi et al. 2012)"),
		registry.Reads("root", "download", "url", "archives", "train_list", "test_list", "relabel"))
}

// petsOf is the set with the settings of a configuration.
func petsOf(o Options) OxfordIIITPet {
	return OxfordIIITPet{
		Root: o.Root, TrainList: o.TrainList, TestList: o.TestList, Relabel: o.Relabel,
		URL: o.URL, Archives: o.Archives, Progress: o.Progress,
	}
}

// downloadPets fetches the set, or completes it where it is found.
func downloadPets(ctx context.Context, o Options) (root string, err error) {
	p := petsOf(o)
	if p.Root == "" {
		if p.Root, err = FindRoot(); err != nil {
			if p.Root, err = CacheRoot(PetsSet); err != nil {
				return "", err
			}
		}
	}
	return p.Root, p.Download(ctx)
}
