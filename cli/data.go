package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/viz"
)

const dataHelp = `data lists, downloads and checks data sets.

  data list                   list the sets and their folders
  data download [flags] [SET] fetch a set, the Oxford-IIIT Pet set by default
  data check [flags] [DIR]    print the split of a set, and decode every image
  data export [flags] DIR     write drawn animals below DIR/train and DIR/test

`

// dataCommands are the sub-commands of data.
var dataCommands = []string{"list", "download", "check", "export"}

// RunData is the command that lists, downloads, checks and exports data sets.
func RunData(ctx context.Context, s IO, args []string) int {
	commands := map[string]func(context.Context, IO, []string) error{
		"list": listSets, "download": downloadSet, "check": checkSet, "export": exportDrawn,
	}
	known := dataCommands
	if len(args) == 0 {
		return fail(s, "data", usagef("which of %s? -h explains them", strings.Join(known, ", ")))
	}
	if args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		io.WriteString(s.Out, dataHelp)
		return Done
	}
	run := commands[args[0]]
	if run == nil {
		return fail(s, "data", unknownName("command", args[0], known))
	}
	err := run(ctx, s, args[1:])
	if errors.Is(err, errHelp) {
		return Done
	}
	if err != nil {
		return fail(s, "data "+args[0], err)
	}
	return Done
}

func listSets(_ context.Context, s IO, args []string) error {
	others, err := parse(newFlags("list"), args)
	if errors.Is(err, errHelp) {
		io.WriteString(s.Out, dataHelp)
	}
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return usagef("%q: list takes no arguments", others[0])
	}
	for _, e := range dataset.Entries() {
		about := ""
		if e.About != "" {
			about = ": " + e.About
		}
		fmt.Fprintf(s.Out, "%s%s\n", e.Name, about)
		set, _ := dataset.Lookup(e.Name)
		if set.Find == nil {
			continue
		}
		root, err := set.Find()
		switch {
		case err == nil:
			fmt.Fprintf(s.Out, "    in %s\n", root)
		case set.Download != nil:
			fmt.Fprintf(s.Out, "    %s; get it with: data download %s\n", strings.TrimPrefix(err.Error(), "dataset: "), quote(e.Name))
		default:
			fmt.Fprintf(s.Out, "    %s\n", strings.TrimPrefix(err.Error(), "dataset: "))
		}
	}
	return nil
}

// downloadable lists the sets that can be fetched.
func downloadable() (names []string) {
	for _, name := range dataset.Names() {
		if set, _ := dataset.Lookup(name); set.Download != nil {
			names = append(names, name)
		}
	}
	return names
}

func downloadSet(ctx context.Context, s IO, args []string) error {
	f := newFlags("download")
	root := f.String("root", "", "folder `DIR` for the set; default the user's cache folder")
	url := f.String("url", "", "address to download from; default the set's own, of the pets "+dataset.PetsURL)
	archives := f.String("archives", "", "local archive `FILES` with commas between them, instead of a download")
	others, err := parse(f, args)
	if errors.Is(err, errHelp) {
		fmt.Fprintf(s.Out, "data download fetches a set, by default %s.\n\n  data download [flags] [SET]\n\nSets: %s\n\n", dataset.PetsSet, wrapped(strings.Join(downloadable(), ", "), 6))
		printFlags(s.Out, f)
	}
	if err != nil {
		return err
	}
	name := dataset.PetsSet
	switch {
	case len(others) > 1:
		return usagef("%q: download takes one set", others[1])
	case len(others) == 1:
		name = others[0]
	}
	set, _ := dataset.Lookup(name)
	if set.Download == nil {
		return unknownName("set to download", name, downloadable())
	}
	o := dataset.Options{Root: *root, URL: *url, Progress: downloadProgress(s.Err)}
	if *archives != "" {
		o.Archives = strings.Split(*archives, ",")
	}
	if o.Root == "" {
		if o.Root, err = dataset.CacheRoot(name); err != nil {
			return err
		}
	}
	if o.Root, err = set.Download(ctx, o); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s: %s\n", name, o.Root)
	return nil
}

func exportDrawn(ctx context.Context, s IO, args []string) error {
	f := newFlags("export")
	var d dataset.Drawn
	f.IntVar(&d.Classes, "classes", 10, "classes, at most 37")
	f.IntVar(&d.Images, "images", 200, "training images a class")
	f.IntVar(&d.Test, "test", 0, "test images a class; 0: a fifth of -images")
	f.IntVar(&d.Size, "size", 64, "side of the images in pixels")
	f.Uint64Var(&d.Seed, "seed", 42, "other seeds, other images")
	others, err := parse(f, args)
	if errors.Is(err, errHelp) {
		printFlags(s.Out, f)
	}
	if err != nil {
		return err
	}
	if len(others) != 1 {
		return usagef("name one folder to write to")
	}
	train, test, err := d.Splits()
	if err != nil {
		return usageError{err}
	}
	holds, err := run.Folder(others[0]).Look()
	if err != nil {
		return err
	}
	if holds.Kind != run.Empty {
		return usagef("%s is not empty: it holds %s; choose a new folder", others[0], holds)
	}
	for name, set := range map[string]dataset.Dataset{"train": train, "test": test} {
		if err := exportImages(ctx, set, filepath.Join(others[0], name)); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.Out, "%d training and %d test images of %d classes in %s\n", train.Len(), test.Len(), len(train.Classes()), others[0])
	return nil
}

// exportImages writes a set as PNG, a folder a class.
func exportImages(ctx context.Context, set dataset.Dataset, dir string) error {
	for i := range set.Len() {
		sample, err := set.Sample(ctx, i)
		if err != nil {
			return err
		}
		class := fileName(set.Classes()[sample.Label])
		if err := viz.WritePNG(filepath.Join(dir, class, fmt.Sprintf("%s_%05d.png", class, i)), sample.Image); err != nil {
			return err
		}
	}
	return nil
}
