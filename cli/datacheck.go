package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/euryale-ml/euryale/config"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/trainer"
)

const dataCheckHelp = `data check prints the split of a set, counts its classes, and decodes every image. Exit code 1: some cannot be decoded.

  data check [flags] [DIR]

DIR is a folder of images, a folder for each class, as data.set=image-folder takes it, or that of the Oxford-IIIT Pet set,
with images/ and annotations/, or of another set that the program knows. The default is the folder where the pets are found.

`

// checkOptions are the flags of data check.
type checkOptions struct {
	root, trainList, testList string
	set                       string
	relabel                   bool
	fraction                  float64
	seed                      uint64
}

func (o *checkOptions) flags() *flag.FlagSet {
	usual := config.Default().Data
	f := newFlags("check")
	f.StringVar(&o.root, "root", "", "the same as `DIR`")
	f.StringVar(&o.set, "dataset", "", "the `SET`, one of "+strings.Join(dataset.Names(), ", ")+"; default what DIR looks like")
	f.StringVar(&o.trainList, "train-list", "", "training `LIST` of the pets; default trainval.txt")
	f.StringVar(&o.testList, "test-list", "", "test `LIST` of the pets; default test.txt")
	f.BoolVar(&o.relabel, "relabel", false, "only the classes of the training list, as data.relabel")
	f.Float64Var(&o.fraction, "test-fraction", usual.TestFraction, "share of a folder without test images that tests, as data.test_fraction")
	f.Uint64Var(&o.seed, "split-seed", usual.SplitSeed, "seed of that split, as data.split_seed")
	return f
}

// checkSet is the command data check.
func checkSet(ctx context.Context, s IO, args []string) error {
	var o checkOptions
	f := o.flags()
	folders, err := parse(f, args)
	if errors.Is(err, errHelp) {
		io.WriteString(s.Out, reflowed(dataCheckHelp))
		printFlags(s.Out, f)
	}
	if err != nil {
		return err
	}
	if len(folders) > 0 && o.root == "" {
		o.root, folders = folders[0], folders[1:]
	}
	if len(folders) > 0 {
		return usagef("%q: check takes one folder", folders[0])
	}
	name, train, test, err := o.open(ctx)
	if err != nil {
		return err
	}
	if o.root != "" {
		name += ", " + o.root
	}
	fmt.Fprintf(s.Out, "set: %s\n", name)
	for _, line := range dataset.About(train, test) {
		fmt.Fprintln(s.Out, line)
	}
	parts := partsOf(train, test)
	printClasses(s.Out, parts)
	for _, note := range dataset.Notes(train, test) {
		fmt.Fprintf(s.Out, "warning: %s\n", note)
	}
	return checkParts(ctx, s, parts)
}

// open opens the set and returns its name: that of -dataset, else the one that the folder
// looks like.
func (o *checkOptions) open(ctx context.Context) (name string, train, test dataset.Dataset, err error) {
	switch name = o.set; {
	case name != "":
	case o.root == "" || o.trainList != "" || o.testList != "":
		name = dataset.PetsSet
	default:
		name = cmp.Or(dataset.Holding(o.root), dataset.FolderSet)
	}
	if _, ok := dataset.Lookup(name); !ok {
		return name, nil, nil, unknownName("-dataset", name, dataset.Names())
	}
	usual := config.Default()
	of := trainer.DataOptions(usual)
	of.Root, of.TrainList, of.TestList, of.Relabel, of.TestFraction, of.SplitSeed = o.root, o.trainList, o.testList, o.relabel, o.fraction, o.seed
	of.Settings = usual.Settings("data.set", name)
	train, test, err = dataset.Open(ctx, name, of)
	return name, train, test, err
}

// checkedPart is a part of a set.
type checkedPart struct {
	name string
	set  dataset.Dataset
}

// partsOf are the parts of a set under the names of their use.
func partsOf(train, test dataset.Dataset) []checkedPart {
	parts := []checkedPart{{"training", train}, {"test", test}}
	if final := dataset.Final(test); final != nil {
		parts[1].name = "validation"
		parts = append(parts, checkedPart{"test", final})
	}
	return parts
}

// mostClassRows is the largest number of classes that have a row each.
const mostClassRows = 200

// printClasses prints how many images each class has in each part.
func printClasses(w io.Writer, parts []checkedPart) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(p checkedPart) string) {
		cells := []string{}
		for _, p := range parts {
			cells = append(cells, cell(p))
		}
		fmt.Fprintf(t, "%s\t\t%s\t\n", strings.Join(cells, "\t"), name)
	}
	counts := map[string][]int{}
	for _, p := range parts {
		counts[p.name] = dataset.PerClass(p.set)
	}
	row("class", func(p checkedPart) string { return p.name })
	for label, class := range parts[0].set.Classes() {
		if label == mostClassRows {
			row(fmt.Sprintf("… and %d more classes", len(parts[0].set.Classes())-mostClassRows), func(checkedPart) string { return "" })
			break
		}
		row(class, func(p checkedPart) string {
			if counts[p.name] == nil {
				return "?" // the labels are known only after decoding
			}
			return fmt.Sprint(counts[p.name][label])
		})
	}
	t.Flush()
}

// checkParts decodes the images of all parts.
func checkParts(ctx context.Context, s IO, parts []checkedPart) error {
	all := 0
	for _, p := range parts {
		bad, err := checkImages(ctx, s, p.set)
		if err != nil {
			return err
		}
		classes := fmt.Sprintf("%d classes", len(p.set.Classes()))
		if n := dataset.Occurring(p.set); n < len(p.set.Classes()) {
			classes = fmt.Sprintf("%d of %d classes", n, len(p.set.Classes()))
		}
		fmt.Fprintf(s.Out, "%s: %d images, %s, %d cannot be decoded\n", p.name, p.set.Len(), classes, bad)
		all += bad
	}
	if all > 0 {
		return fmt.Errorf("%d images cannot be decoded", all)
	}
	return nil
}

// checkImages decodes every image on all cores and names those that cannot be decoded, in
// the set's order.
func checkImages(ctx context.Context, s IO, set dataset.Dataset) (bad int, err error) {
	faults := make([]string, set.Len())
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				if sample, err := set.Sample(ctx, i); err != nil {
					faults[i] = fmt.Sprintf("%s: %s", onOneLine(sample.Name), faultOf(sample.Name, err))
				}
			}
		})
	}
	for i := 0; i < set.Len() && ctx.Err() == nil; i++ {
		next <- i
	}
	close(next)
	workers.Wait()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	for _, fault := range faults {
		if fault != "" {
			bad++
			fmt.Fprintln(s.Err, fault)
		}
	}
	return bad, nil
}
