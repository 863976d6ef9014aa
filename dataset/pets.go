package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// OxfordIIITPet is the Oxford-IIIT Pet set (Parkhi, Vedaldi, Zisserman,
// Jawahar, "Cats and Dogs", CVPR 2012): 37 breeds, in its own layout: images/
// and annotations/{list,trainval,test}.txt.
type OxfordIIITPet struct {
	// Root is the set's folder; empty: that of FindRoot.
	Root string
	// TrainList and TestList name lists in the annotations folder, or are paths
	// of lists in its format; empty: trainval.txt and test.txt.
	TrainList, TestList string
	// Relabel keeps only the classes of the training list, in order of their id. False:
	// the classes are those of annotations/list.txt, whichever of them the lists have,
	// so that a class always has the same label.
	Relabel bool

	// The fields below are for Download.

	// URL is the address of the folder that holds images.tar.gz and
	// annotations.tar.gz; empty: the set's own.
	URL string
	// Archives are local files to unpack instead; their contents are not
	// compared with the official checksums.
	Archives []string
	// Progress, if set, is called as the work proceeds, from one goroutine.
	Progress func(Progress)
	// Client makes the requests; nil: http.DefaultClient.
	Client *http.Client
}

// Splits reads the lists and returns the training and the test images. It
// decodes nothing and never touches the network. Errors wrap ErrNoSet, ErrList
// or ErrMissing.
func (p OxfordIIITPet) Splits() (train, test Dataset, err error) {
	root := p.Root
	if root == "" {
		if root, err = FindRoot(); err != nil {
			return nil, nil, err
		}
	}
	if err := checkRoot(root); err != nil {
		if more := explainRoot(root); more != "" {
			err = fmt.Errorf("%w; %s", err, more)
		}
		return nil, nil, err
	}
	first, err := p.read(root, p.TrainList, "trainval.txt", maxClass)
	if err != nil {
		return nil, nil, err
	}
	classes, index, err := p.classes(root, first)
	if err != nil {
		return nil, nil, err
	}
	second, err := p.read(root, p.TestList, "test.txt", maxClass)
	if err != nil {
		return nil, nil, err
	}
	present, err := imageNames(root)
	if err != nil {
		return nil, nil, err
	}
	var splits [2]*fileSet
	for i, l := range []*list{first, second} {
		files, err := l.files(root, index, present)
		if err != nil {
			return nil, nil, err
		}
		splits[i] = &fileSet{root: root, files: files, classes: classes}
	}
	noteLists(splits[0], splits[1])
	return splits[0], splits[1], nil
}

// checkRoot is an error that names why a folder is not the set.
func checkRoot(root string) error {
	if err := checkFolder(root); err != nil {
		return err
	}
	for _, part := range []string{"images", "annotations"} {
		if info, err := os.Stat(filepath.Join(root, part)); err != nil || !info.IsDir() {
			return fmt.Errorf("dataset: %w: %s is not the Oxford-IIIT Pet set: it has no folder %s", ErrNoSet, root, part)
		}
	}
	return nil
}

func (p OxfordIIITPet) read(root, name, usual string, most int) (*list, error) {
	if name == "" {
		name = usual
	}
	path := filepath.Join(root, "annotations", name)
	if _, err := os.Stat(path); filepath.IsAbs(name) || errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(name); err == nil {
			path = name
		}
	}
	return readList(path, most)
}

// classes returns the names of the classes and the index of each class id.
func (p OxfordIIITPet) classes(root string, train *list) ([]string, map[int]int, error) {
	from, index := train, map[int]int{}
	if !p.Relabel {
		all, err := p.read(root, "list.txt", "", maxClass)
		if err != nil {
			return nil, nil, err
		}
		from = all
	}
	names := map[int]string{}
	for _, e := range from.entries {
		if _, seen := names[e.class]; !seen {
			names[e.class] = breedName(e.name)
		}
	}
	var ids []int
	for id := range names {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if !p.Relabel { // ids without an image keep their place
		last := ids[len(ids)-1]
		ids = ids[:0]
		for id := 1; id <= last; id++ {
			ids = append(ids, id)
		}
	}
	var classes []string
	for i, id := range ids {
		index[id] = i
		name := names[id]
		if name == "" {
			name = fmt.Sprintf("class_%d", id)
		}
		classes = append(classes, name)
	}
	return classes, index, nil
}

// breedName cuts the number off a file's name: great_pyrenees_12 → great_pyrenees.
func breedName(name string) string {
	if i := strings.LastIndexByte(name, '_'); i > 0 {
		return name[:i]
	}
	return name
}

// imageNames lists the folder of images once: looking for each of thousands of
// files is slow on network disks.
func imageNames(root string) (map[string]bool, error) {
	entries, err := os.ReadDir(filepath.Join(root, "images"))
	if err != nil {
		return nil, fmt.Errorf("dataset: %w: %w", ErrNoSet, err)
	}
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		names[e.Name()] = !e.IsDir()
	}
	return names, nil
}

// FindRoot is UsualRoot of the Oxford-IIIT Pet set.
func FindRoot() (string, error) { return UsualRoot(PetsSet, "the Oxford-IIIT Pet set", checkRoot) }
