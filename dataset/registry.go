package dataset

import (
	"context"
	"fmt"

	"github.com/euryale-ml/euryale/registry"
)

// Options are the data settings of a configuration, for the factories of Register. A
// factory uses those that concern it.
type Options struct {
	Root                string   // the set's folder; empty: the set's own default
	TrainList, TestList string   // lists of the training and test images
	Relabel             bool     // only the classes of the training list
	TestFraction        float64  // share of the test images where the set has no split
	Seed                uint64   // of drawn images
	SplitSeed           uint64   // of the split where the set has none
	Classes, Images     int      // drawn: classes, and training images a class
	TestImages          int      // drawn: test images a class
	Size                int      // drawn: side of the images in pixels
	Download            bool     // fetch the set first if it is not there, or not complete
	URL                 string   // where from; empty: the set's own address
	Archives            []string // local archives instead of a download
	Progress            func(Progress)
	// Settings are those that the set alone has, of the type that it was registered with by
	// registry.Settings; Open fills in the registered defaults where it is nil.
	Settings any
}

// A Factory makes a set's training and test images.
type Factory func(ctx context.Context, o Options) (train, test Dataset, err error)

var sets = registry.New[Factory]("data.set", "data set", "auto")

func init() {
	sets.AnyName()
	sets.MustRegister("oxford-iiit-pet", openPets, registry.About("37 breeds of cats and dogs (Parkhi et al. 2012)"))
	sets.MustRegister("image-folder", openFolder, registry.About("a folder for each class"))
	sets.MustRegister("drawn", openDrawn, registry.About("animals that are drawn in memory, for trials"))
}

// Register makes a set of a user's own reachable by name: data.set in a configuration. A
// name that is taken, or empty, is an error. The options describe the set, and may give it
// settings of its own, such as data.mine.year; then its name is made of a-z, 0-9, "_", "-"
// and ".".
func Register(name string, f Factory, options ...registry.Option) error {
	if f == nil {
		return fmt.Errorf("dataset: %w: cannot register %q without a factory", ErrConfig, name)
	}
	if err := sets.Register(name, f, options...); err != nil {
		return fmt.Errorf("dataset: %w: %w", ErrConfig, err)
	}
	return nil
}

// Names lists the registered sets in order.
func Names() []string { return sets.Names() }

// Open makes the training and test images of a registered set.
func Open(ctx context.Context, name string, o Options) (train, test Dataset, err error) {
	f, ok := sets.Find(name)
	if !ok {
		return nil, nil, fmt.Errorf("dataset: %w: %q is none of %v", ErrConfig, name, Names())
	}
	if e, _ := sets.Entry(name); o.Settings == nil {
		o.Settings = e.Settings
	}
	return f(ctx, o)
}

func openPets(ctx context.Context, o Options) (Dataset, Dataset, error) {
	pets := OxfordIIITPet{
		Root: o.Root, TrainList: o.TrainList, TestList: o.TestList, Relabel: o.Relabel,
		URL: o.URL, Archives: o.Archives, Progress: o.Progress,
	}
	if found, err := FindRoot(); err == nil && pets.Root == "" {
		pets.Root = found
	}
	if o.Download {
		if err := pets.Download(ctx); err != nil {
			return nil, nil, err
		}
	}
	return pets.Splits()
}

func openFolder(_ context.Context, o Options) (Dataset, Dataset, error) {
	return ImageFolder{Root: o.Root, TestFraction: o.TestFraction, Seed: o.SplitSeed}.Splits()
}

func openDrawn(_ context.Context, o Options) (Dataset, Dataset, error) {
	return Drawn{Classes: o.Classes, Images: o.Images, Test: o.TestImages, Size: o.Size, Seed: o.Seed}.Splits()
}
