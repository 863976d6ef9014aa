package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/euryale-ml/euryale/checkpoint"
	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/internal/inwords"
	"github.com/euryale-ml/euryale/run"
)

// Split describes the images that the Trainer trains and tests on.
func (t *Trainer) Split() *run.Split {
	if t.splitOf == nil {
		t.splitOf = NewSplit(t.sets.train, t.sets.test, t.sets.final)
	}
	return t.splitOf
}

// checkSplit is ErrSplit if the folder has a checkpoint of a run with other images.
func (t *Trainer) checkSplit(f run.Folder) error {
	last := f.Checkpoint(run.LastFile)
	if _, err := os.Stat(last); errors.Is(err, fs.ErrNotExist) {
		return nil // the run begins again
	}
	was, err := f.Split()
	var differ []string
	switch {
	case errors.Is(err, fs.ErrNotExist):
		differ = t.checkWithoutSplit(f, last)
	case err != nil:
		return fmt.Errorf("trainer: %w: %w", ErrFolder, err)
	default:
		differ = was.Differences(t.Split())
	}
	if len(differ) == 0 {
		return nil
	}
	return fmt.Errorf("trainer: %w: the images are not those that the run in %s was trained and tested on: %s; restore them, or begin a new run in another folder",
		ErrSplit, f, strings.Join(differ, "; "))
}

// checkWithoutSplit is for folders of versions that wrote no split: it returns the
// differences in the classes of the weights and the test images of the predictions, and
// warns if there are none, since the training images are not compared.
func (t *Trainer) checkWithoutSplit(f run.Folder, last string) (differ []string) {
	if meta, err := checkpoint.ReadMetadata(last); err == nil {
		if info, err := checkpoint.ReadInfo(meta); err == nil && len(info.Classes) > 0 && !slices.Equal(info.Classes, t.classes) {
			differ = (&run.Split{Classes: info.Classes}).Differences(&run.Split{Classes: t.classes})
		}
	}
	if listed, ok := t.sets.test.(dataset.Listed); ok && len(differ) == 0 {
		if all, err := f.Predictions(); err == nil {
			differ = testDifferences(all, listed)
		}
	}
	if len(differ) == 0 {
		t.logWarn(fmt.Sprintf("%s has no %s, which earlier versions did not write: whether the images are still the same is known only in part, from the classes and the test images. "+
			"Earlier versions also split folders without test images by the run's seed, which chooses other test images", f, run.SplitFile))
	}
	return differ
}

// testDifferences lists predictions that are not of the test set.
func testDifferences(all []run.Prediction, test dataset.Listed) []string {
	var other []string
	for _, p := range all {
		if p.Index >= test.Len() {
			other = append(other, p.Image)
			continue
		}
		if name, label := test.Image(p.Index); label != p.Label || !p.Is(name) {
			other = append(other, p.Image)
		}
	}
	if len(other) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s of %s in the test set at their place: %s (earlier versions split folders without test images by the run's seed)",
		inwords.Plural(len(other), "image is not", "images are not"), run.PredictionsFile, inwords.Some(other))}
}

// keepSplit writes the split unless the folder has it.
func (t *Trainer) keepSplit(f run.Folder) error {
	split := t.Split()
	if was, err := f.Split(); err == nil && len(was.Differences(split)) == 0 {
		return nil
	}
	return f.WriteSplit(split)
}
