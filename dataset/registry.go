package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/euryale-ml/euryale/registry"
)

// Options are the data settings of a configuration, for the factories of Register. A
// factory uses those that concern it.
type Options struct {
	Root                string   // the set's folder; empty: the set's own default
	TrainList, TestList string   // lists of the training and test images
	Relabel             bool     // only the classes of the training list
	TestFraction        float64  // share of the test images if the set has no split
	Seed                uint64   // of drawn images
	SplitSeed           uint64   // of the split if the set has none
	Classes, Images     int      // drawn: classes, and training images a class
	TestImages          int      // drawn: test images a class
	Size                int      // drawn: side of the images in pixels
	Download            bool     // fetch the set first if it is not there, or not complete
	URL                 string   // where from; empty: the set's own address
	Archives            []string // local archives instead of a download
	Progress            func(Progress)
	// Settings are the set's own settings, of the type with which it was registered by
	// registry.Settings; nil: Open uses the registered defaults.
	Settings any
}

// A Factory makes a set's training and test images.
type Factory func(ctx context.Context, o Options) (train, test Dataset, err error)

// Set is a registered data set: how its images are opened, and its properties for the
// commands. All fields but Open may be left out.
type Set struct {
	// Open makes the images. With Options.Download it fetches the set first.
	Open Factory
	// Find looks for the set in its usual places if Options.Root is empty; see UsualRoot. Its
	// error wraps ErrNoSet and names the places.
	Find func() (root string, err error)
	// Holds reports whether a folder looks like the set's, for data check, and for errors of
	// other sets that name the one that fits.
	Holds func(dir string) bool
	// Download fetches the set into Options.Root, or into CacheRoot if that is empty, and
	// returns the folder. It does nothing if the set is complete.
	Download func(ctx context.Context, o Options) (root string, err error)
	// Made is true if the images are computed and are no files. A run then writes some as
	// files, for trying predict.
	Made bool
	// TestKeys are the settings of section data on which the choice of the test images
	// depends, such as "test_list" or, of the set's own settings, "mine.year"; nil means "root".
	TestKeys []string
	// TestBySeed is true if that choice depends on the run's seed, too.
	TestBySeed bool
}

// Auto is the name for which Resolve chooses a set.
const Auto = "auto"

var sets = registry.New[Set]("data.set", "data set", Auto)

func init() { sets.AnyName() }

// Register registers a program's own set under a name for data.set in a configuration. A
// name that is taken, or empty, is an error. The options describe the set, and may give it
// settings of its own, such as data.mine.year; then its name may have a-z, 0-9, "_", "-" and
// "." only.
func Register(name string, f Factory, options ...registry.Option) error {
	return RegisterSet(name, Set{Open: f}, options...)
}

// RegisterSet is Register for a set that can also be found, recognised or fetched.
func RegisterSet(name string, s Set, options ...registry.Option) error {
	if s.Open == nil {
		return fmt.Errorf("dataset: %w: cannot register %q without a factory", ErrConfig, name)
	}
	if err := sets.Register(name, s, options...); err != nil {
		return fmt.Errorf("dataset: %w: %w", ErrConfig, err)
	}
	return nil
}

// mustRegister registers a set of this package.
func mustRegister(name string, s Set, options ...registry.Option) {
	if err := RegisterSet(name, s, options...); err != nil {
		panic(err) // the name is free
	}
}

// Lookup is the registered set of a name; ok is false if there is none.
func Lookup(name string) (s Set, ok bool) { return sets.Find(name) }

// Entries lists the registered sets with their descriptions.
func Entries() []registry.Entry { return sets.Entries() }

// Holding is the registered set that a folder looks like; "" if it looks like none.
func Holding(dir string) string {
	for _, name := range Names() {
		if s, _ := Lookup(name); s.Holds != nil && s.Holds(dir) {
			return name
		}
	}
	return ""
}

// Resolve is the name of a set. For Auto it is the Oxford-IIIT Pet set if o has a Root or
// Download or the set is found, else the drawn animals; then missing lists the folders that
// were searched. Other names stay. Nothing is fetched.
func Resolve(name string, o Options) (set string, missing error) {
	if name != Auto {
		return name, nil
	}
	if o.Root == "" && !o.Download {
		if _, err := FindRoot(); err != nil {
			return DrawnSet, err
		}
	}
	return PetsSet, nil
}

// Names lists the registered sets in order.
func Names() []string { return sets.Names() }

// Open makes the training and test images of a registered set, or of Auto.
func Open(ctx context.Context, name string, o Options) (train, test Dataset, err error) {
	name, _ = Resolve(name, o)
	s, ok := sets.Find(name)
	if !ok {
		return nil, nil, fmt.Errorf("dataset: %w: %q is none of %v", ErrConfig, name, Names())
	}
	if e, _ := sets.Entry(name); o.Settings == nil {
		o.Settings = e.Settings
	}
	return s.Open(ctx, o)
}

// UsualRoot is the first of the usual folders of a set that check accepts: data/NAME below
// the working directory, $EURYALE_DATA (the set itself, or the folder above NAME),
// CacheRoot. title names the set in the error, which wraps ErrNoSet and lists the folders.
func UsualRoot(name, title string, check func(dir string) error) (string, error) {
	places := []string{filepath.Join(".", "data", name)}
	if e := os.Getenv("EURYALE_DATA"); e != "" {
		places = append(places, e, filepath.Join(e, name))
	}
	if c, err := CacheRoot(name); err == nil {
		places = append(places, c)
	}
	for _, p := range places {
		if check(p) == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("dataset: %w: %s is in none of %s", ErrNoSet, title, strings.Join(places, ", "))
}

// CacheRoot is where a set is downloaded to when no root is given: euryale/NAME in the
// user's cache folder.
func CacheRoot(name string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("dataset: %w", err)
	}
	return filepath.Join(dir, "euryale", name), nil
}
