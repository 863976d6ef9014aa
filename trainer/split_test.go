package trainer_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/euryale-ml/euryale/dataset"
	"github.com/euryale-ml/euryale/run"
	"github.com/euryale-ml/euryale/trainer"
)

// filesSet is drawn animals that have files' names and classes of their own.
type filesSet struct {
	dataset.Dataset
	names   []string // "class/file", an image each
	classes []string
}

func (s *filesSet) Len() int          { return len(s.names) }
func (s *filesSet) Classes() []string { return s.classes }

func (s *filesSet) Image(i int) (name string, label int) {
	class, _, _ := strings.Cut(s.names[i], "/")
	return s.names[i], slices.Index(s.classes, class)
}

func (s *filesSet) Sample(ctx context.Context, i int) (dataset.Sample, error) {
	_, label := s.Image(i)
	sample, err := s.Dataset.Sample(ctx, i*4+label)
	sample.Label, sample.Name = label, "/some/where/"+s.names[i]
	return sample, err
}

// fileSets are sets of names with their classes in byte order.
func fileSets(t testing.TB, classes string, parts ...string) (sets []dataset.Dataset) {
	t.Helper()
	drawn, _, err := dataset.Drawn{Classes: 4, Images: 50, Test: 1, Size: 20, Seed: 3}.Splits()
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range parts {
		sets = append(sets, &filesSet{drawn, strings.Fields(names), strings.Fields(classes)})
	}
	return sets
}

// runOn makes or resumes a run on sets: training, test, and perhaps one for the end.
func runOn(t *testing.T, dir string, resume bool, log *bytes.Buffer, sets ...dataset.Dataset) (*run.Report, error) {
	t.Helper()
	_, _, c := setUp(t, nil)
	c.Dir, c.Resume, c.Batch, c.Epochs = dir, resume, 4, 2
	if resume {
		c.Epochs = 3
	}
	if log != nil {
		c.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
	if len(sets) > 2 {
		c.Final = sets[2]
	}
	tr, err := trainer.New(newTiny(len(sets[0].Classes())), sets[0], sets[1], c)
	if err != nil {
		return nil, err
	}
	defer tr.Close()
	return tr.Fit(context.Background())
}

// TestResumeWantsTheSameImages resumes runs on sets that have changed.
func TestResumeWantsTheSameImages(t *testing.T) {
	const train, test = "cat/1.jpg cat/2.jpg cat/3.jpg dog/1.jpg dog/2.jpg dog/3.jpg owl/1.jpg owl/2.jpg", "cat/5.jpg dog/5.jpg owl/5.jpg"
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := runOn(t, dir, false, nil, fileSets(t, "cat dog owl", train, test)...); err != nil {
		t.Fatal(err)
	}
	if s, err := run.Folder(dir).Split(); err != nil || s.Part(run.TestPart).Images != 3 || s.Occurring(run.TrainingPart) != 3 {
		t.Fatalf("%+v, %v", s, err)
	}
	swap := func(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
	for _, c := range []struct {
		what, classes, train, test string
		words                      []string
	}{
		{"the same", "cat dog owl", train, test, nil},
		{"renamed", "aardvark cat dog", swap(train, "owl", "aardvark"), swap(test, "owl", "aardvark"), []string{"the class owl is called aardvark now"}},
		{"replaced", "cat dog emu", swap(train, "owl/1", "emu/a", "owl/2", "emu/b"), swap(test, "owl", "emu"), []string{"1 class is gone: owl", "1 class is new: emu"}},
		{"one more", "bee cat dog owl", train + " bee/1.jpg", test, []string{"1 class is new: bee"}},
		{"one less", "cat dog", swap(train, "owl/1.jpg", "", "owl/2.jpg", ""), swap(test, "owl/5.jpg", ""), []string{"1 class is gone: owl"}},
		{"other order", "dog cat owl", train, test, []string{"the classes are in another order: dog, cat, owl, before cat, dog, owl"}},
		{"added", "cat dog owl", train + " owl/9.jpg", test + " cat/6.jpg cat/7.jpg", []string{"1 training image is new: owl/9.jpg", "2 test images are new: cat/6.jpg, cat/7.jpg"}},
		{"removed", "cat dog owl", swap(train, "dog/3.jpg", ""), test, []string{"1 training image is gone: dog/3.jpg"}},
		{"moved", "cat dog owl", swap(train, "dog/3.jpg", "dog/5.jpg"), swap(test, "dog/5.jpg", "dog/3.jpg"),
			[]string{"1 image has moved from test to training: dog/5.jpg", "1 image has moved from training to test: dog/3.jpg"}},
		{"list in another order", "cat dog owl", swap(train, "dog/3.jpg", "dog/1.jpg", "dog/1.jpg", "dog/3.jpg"), test, []string{"the training images are in another order"}},
		{"twice", "cat dog owl", train + " dog/3.jpg", test, []string{"1 training image is new: dog/3.jpg"}},
	} {
		at := copyRun(t, dir)
		before := weights(t, at)
		_, err := runOn(t, at, true, nil, fileSets(t, c.classes, c.train, c.test)...)
		if c.words == nil {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		if !errors.Is(err, trainer.ErrSplit) {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", c.what, err, w)
			}
		}
		if !bytes.Equal(before, weights(t, at)) {
			t.Errorf("%s: the checkpoint changed", c.what)
		}
	}
}

// labelled is a set whose images keep their names and change their class.
type labelled struct {
	*filesSet
	label int
}

func (s labelled) Image(i int) (string, int) {
	name, label := s.filesSet.Image(i)
	if i == 0 {
		label = s.label
	}
	return name, label
}

func (s labelled) Sample(ctx context.Context, i int) (dataset.Sample, error) {
	sample, err := s.filesSet.Sample(ctx, i)
	_, sample.Label = s.Image(i)
	return sample, err
}

// TestResumeOfOtherSets has sets that say less, and folders of earlier versions.
func TestResumeOfOtherSets(t *testing.T) {
	wantsSplit := func(what string, err error, words ...string) {
		t.Helper()
		if !errors.Is(err, trainer.ErrSplit) {
			t.Errorf("%s: %v", what, err)
			return
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", what, err, w)
			}
		}
	}
	drawn := func(d dataset.Drawn) []dataset.Dataset {
		d.Size = 20
		train, test, err := d.Splits()
		if err != nil {
			t.Fatal(err)
		}
		return []dataset.Dataset{train, test}
	}
	type bare struct{ dataset.Dataset } // as a user's own set may be
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := runOn(t, dir, false, nil, drawn(dataset.Drawn{Classes: 4, Images: 5, Test: 2})...); err != nil {
		t.Fatal(err)
	}
	_, err := runOn(t, copyRun(t, dir), true, nil, drawn(dataset.Drawn{Classes: 4, Images: 5, Test: 2, Seed: 9})...)
	wantsSplit("drawn with another seed", err, `"seed 9, 20×20 pixels", before of "seed 0, 20×20 pixels"`)
	_, err = runOn(t, copyRun(t, dir), true, nil, drawn(dataset.Drawn{Classes: 4, Images: 6, Test: 2})...)
	wantsSplit("more drawn images", err, "there are 24 training images, before 20")
	_, err = runOn(t, copyRun(t, dir), true, nil, drawn(dataset.Drawn{Classes: 3, Images: 5, Test: 2})...)
	wantsSplit("fewer drawn classes", err, "1 class is gone")
	sets := drawn(dataset.Drawn{Classes: 4, Images: 5, Test: 2})
	if _, err = runOn(t, copyRun(t, dir), true, nil, bare{sets[0]}, bare{sets[1]}); err != nil {
		t.Errorf("the set in a wrapper: %v", err)
	}

	pictures := fileSets(t, "cat dog", "cat/1.jpg cat/2.jpg cat/3.jpg dog/1.jpg dog/2.jpg", "cat/5.jpg dog/5.jpg")
	dir = filepath.Join(t.TempDir(), "run")
	if _, err := runOn(t, dir, false, nil, pictures...); err != nil {
		t.Fatal(err)
	}
	_, err = runOn(t, copyRun(t, dir), true, nil, labelled{pictures[0].(*filesSet), 1}, pictures[1])
	wantsSplit("another class", err, "1 image is in another class: cat/1.jpg (dog, before cat)")
	_, err = runOn(t, copyRun(t, dir), true, nil, pictures[0], pictures[1], pictures[1])
	wantsSplit("a part more", err, "there are 2 final images now")

	// earlier versions kept no split, and base names in predictions.jsonl
	if err := os.Remove(filepath.Join(dir, run.SplitFile)); err != nil {
		t.Fatal(err)
	}
	all, err := run.Folder(dir).Predictions()
	if err != nil || all[0].Image != "cat/5.jpg" {
		t.Fatalf("%+v, %v", all, err)
	}
	for i := range all {
		all[i].Image = filepath.Base(all[i].Image)
	}
	if err := run.Folder(dir).WritePredictions(all); err != nil {
		t.Fatal(err)
	}
	_, err = runOn(t, copyRun(t, dir), true, nil, fileSets(t, "cat emu", "cat/1.jpg cat/2.jpg cat/3.jpg emu/1.jpg emu/2.jpg", "cat/5.jpg emu/5.jpg")...)
	wantsSplit("old folder, other classes", err, "1 class is gone: dog", "1 class is new: emu")
	_, err = runOn(t, copyRun(t, dir), true, nil, fileSets(t, "cat dog", "cat/1.jpg cat/5.jpg dog/1.jpg dog/2.jpg", "cat/2.jpg dog/5.jpg")...)
	wantsSplit("old folder, other test images", err, "1 image is not of predictions.jsonl in the test set at their place: 5.jpg")
	var log bytes.Buffer
	if _, err := runOn(t, dir, true, &log, pictures...); err != nil || !strings.Contains(log.String(), "has no split.json") {
		t.Errorf("old folder: %v, log %q", err, log.String())
	}
	if _, err := run.Folder(dir).Split(); err != nil {
		t.Errorf("the split is not written: %v", err)
	}
}

// TestSplitOfManyImages has no names, but still says where images differ.
func TestSplitOfManyImages(t *testing.T) {
	var names strings.Builder
	for i := range 20_001 {
		names.WriteString([]string{"cat/", "dog/"}[i%2] + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + ".jpg ")
	}
	a := fileSets(t, "cat dog", names.String(), "cat/1.jpg")
	b := fileSets(t, "cat dog", names.String()+"dog/new.jpg", "cat/1.jpg")
	s, other := trainer.NewSplit(a[0], a[1], nil), trainer.NewSplit(b[0], b[1], nil)
	if s.Parts[0].PerClass[0].Names != nil {
		t.Error("names of too many images")
	}
	if d := s.Differences(s); d != nil {
		t.Errorf("of itself it differs in %q", d)
	}
	if d := s.Differences(other); len(d) != 1 || d[0] != "class dog has 10001 other training images (before 10000)" {
		t.Errorf("%q", d)
	}
}
