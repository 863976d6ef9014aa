package dataset

import (
	"context"
	"fmt"
	"slices"
	"sync"
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
}

// A Factory makes a set's training and test images.
type Factory func(ctx context.Context, o Options) (train, test Dataset, err error)

var registry = struct {
	sync.Mutex
	factories map[string]Factory
}{factories: map[string]Factory{
	"oxford-iiit-pet": openPets,
	"image-folder":    openFolder,
	"drawn":           openDrawn,
}}

// Register makes a set reachable by name: data.set in a
// configuration. A name that is taken, or empty, is an error.
func Register(name string, f Factory) error {
	registry.Lock()
	defer registry.Unlock()
	if name == "" || name == "auto" || f == nil {
		return fmt.Errorf("dataset: %w: cannot register %q", ErrConfig, name)
	}
	if _, taken := registry.factories[name]; taken {
		return fmt.Errorf("dataset: %w: %q is registered already", ErrConfig, name)
	}
	registry.factories[name] = f
	return nil
}

// Names lists the registered sets in order.
func Names() []string {
	registry.Lock()
	defer registry.Unlock()
	var names []string
	for n := range registry.factories {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Open makes the training and test images of a registered set.
func Open(ctx context.Context, name string, o Options) (train, test Dataset, err error) {
	registry.Lock()
	f := registry.factories[name]
	registry.Unlock()
	if f == nil {
		return nil, nil, fmt.Errorf("dataset: %w: %q is none of %v", ErrConfig, name, Names())
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
