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

// Set is a registered data set: how its images are opened, and what the commands know of
// it. All fields but Open may be left out.
type Set struct {
	// Open makes the images. With Options.Download it fetches the set first.
	Open Factory
	// Find looks for the set in its usual places, for a Root that is empty; UsualRoot does
	// that. Its error wraps ErrNoSet and names the places.
	Find func() (root string, err error)
	// Holds reports whether a folder looks like the set's, so that data check knows it, and
	// an error about another kind of set can name this one.
	Holds func(dir string) bool
	// Download fetches the set into Options.Root, or into CacheRoot where that is empty, and
	// returns the folder. It does nothing where the set is complete.
	Download func(ctx context.Context, o Options) (root string, err error)
	// Made says that the images are computed and are no files, so that a run leaves some as
	// files to try predict on.
	Made bool
	// TestKeys are the settings of section data that decide which images are tested on, such
	// as "test_list"; nil: "root".
	TestKeys []string
	// TestBySeed says that the run's seed decides it, too.
	TestBySeed bool
}

// Auto is the name under which Resolve chooses the set itself.
const Auto = "auto"

var sets = registry.New[Set]("data.set", "data set", Auto)

func init() { sets.AnyName() }

// Register makes a set of a user's own reachable by name: data.set in a configuration. A
// name that is taken, or empty, is an error. The options describe the set, and may give it
// settings of its own, such as data.mine.year; then its name is made of a-z, 0-9, "_", "-"
// and ".".
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

// Lookup is the registered set of a name; ok is false where there is none.
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

// Resolve is the set that a name stands for: itself, but for Auto the Oxford-IIIT Pet set
// where a root is given, a download is asked for or it is found, else drawn animals; then
// missing says where it was looked for. Nothing is fetched.
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

// UsualRoot is the first of the usual folders of a set that check takes: data/NAME below
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
