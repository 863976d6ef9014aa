package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/registry"
)

// ownSet is a set of a program of a user's own: a folder with a file own.txt, which is made
// by a download.
const ownSet = "own-set"

func checkOwn(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "own.txt")); err != nil {
		return fmt.Errorf("%w: %w", dataset.ErrNoSet, err)
	}
	return nil
}

func init() {
	find := func() (string, error) { return dataset.UsualRoot(ownSet, "the own set", checkOwn) }
	err := dataset.RegisterSet(ownSet, dataset.Set{
		Open: func(_ context.Context, o dataset.Options) (train, test dataset.Dataset, err error) {
			if o.Root == "" {
				if o.Root, err = find(); err != nil {
					return nil, nil, err
				}
			}
			if err := checkOwn(o.Root); err != nil {
				return nil, nil, err
			}
			return dataset.Drawn{Classes: 2, Images: 4, Size: o.Size, Seed: o.Seed}.Splits()
		},
		Find:  find,
		Holds: func(dir string) bool { return checkOwn(dir) == nil },
		Download: func(_ context.Context, o dataset.Options) (string, error) {
			if o.Root == "" {
				o.Root = filepath.Join("data", ownSet)
			}
			if err := os.MkdirAll(o.Root, 0o755); err != nil {
				return "", err
			}
			return o.Root, os.WriteFile(filepath.Join(o.Root, "own.txt"), nil, 0o644)
		},
		Made: true,
	}, registry.About("two animals"))
	if err != nil {
		panic(err)
	}
}

// TestOwnSetIsOffered looks for a registered set wherever those of the module are.
func TestOwnSetIsOffered(t *testing.T) {
	inFolder(t)
	data := func(args ...string) outcome { return runCommand(t.Context(), RunData, "", args...) }
	train := func(args ...string) outcome {
		return runCommand(t.Context(), TrainCommand([]byte(tinyRecipe)), "", append(args, "-set", "train.epochs=1")...)
	}
	data("list").wants(t, Done, []string{"own-set: two animals\n", "the own set is in none of " + filepath.Join("data", ownSet) + ", ", "get it with: data download own-set"}, nil)
	data("check", "-dataset", ownSet).wants(t, Failed, nil, []string{"the own set is in none of"})
	data("check", "-dataset", "own-sett").wants(t, Usage, nil, []string{`did you mean "own-set"?`})
	data("download", "own-sett").wants(t, Usage, nil, []string{`did you mean "own-set"?`, "known: own-set, oxford-iiit-pet"})
	data("download", "image-folder").wants(t, Usage, nil, []string{"known: own-set, oxford-iiit-pet"})
	train("-set", "data.set=own-st").wants(t, Usage, nil, []string{"want one of auto, drawn, image-folder, own-set, oxford-iiit-pet; the nearest is own-set"})
	train("-set", "data.set=own-set").wants(t, Failed, nil, []string{"the own set is in none of", "get it with: ", "-set data.download=true -set data.set=own-set"})
	if script := completing(t, "bash"); !strings.Contains(script, "image-folder own-set oxford-iiit-pet") {
		t.Error("it is not completed")
	}

	data("download", "-root", "mine", ownSet).wants(t, Done, []string{"own-set: mine"}, nil)
	data("check", "mine").wants(t, Done, []string{"set: own-set, mine"}, nil)
	os.MkdirAll("mine/a", 0o755)
	os.MkdirAll("mine/b", 0o755)
	train("-set", "data.set=image-folder", "-set", "data.root=mine").wants(t, Failed, nil, []string{"this looks like the set own-set: data.set=own-set"})

	train("-out", "run", "-set", "data.set=own-set", "-set", "data.download=true").wants(t, Done, []string{"test accuracy"}, []string{"own-set, 8 training and 2 test images, 2 classes, data/own-set"})
	if samples, _ := filepath.Glob("run/figures/samples/*"); len(samples) == 0 {
		t.Error("a run on images that are no files leaves none to classify")
	}
	data("list").wants(t, Done, []string{"    in " + filepath.Join("data", ownSet)}, nil)
}
